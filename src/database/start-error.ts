/** A fault that stops the start; its message is for the operator's terminal and needs no stack. */
export class StartError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StartError';
  }
}
