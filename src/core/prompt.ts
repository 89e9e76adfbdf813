const ATTACHED_FILES_HEADER = '[Attached files — open with Read tool as needed]';

/**
 * Puts the absolute paths of attached files before a prompt: a header line, a line per path, a blank line,
 * and the prompt unchanged. Without files the prompt itself.
 */
export function promptWithFiles(prompt: string, paths: readonly string[]): string {
  if (paths.length === 0) return prompt;
  return [ATTACHED_FILES_HEADER, ...paths.map((path) => `  - ${path}`), '', prompt].join('\n');
}
