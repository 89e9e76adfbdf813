/**
 * Lets few programs start at a time. acpx gives the queue owner of a session a few seconds to come up; when dozens start at
 * once on few cores, none is up in time and their turns fail.
 */
export class StartGate {
  private starting = 0;
  private readonly waiting: (() => void)[] = [];

  /**
   * @param places how many may be starting at a time.
   * @param limitMs after which a place is given to the next, in milliseconds, whatever became of its holder.
   */
  constructor(
    private readonly places: number,
    private readonly limitMs: number,
  ) {}

  /** Resolves, in order of arrival, with the function that gives the place back; repeated calls of it do nothing. */
  async enter(): Promise<() => void> {
    if (this.starting >= this.places) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.starting += 1;
    let isHeld = true;
    const leave = (): void => {
      if (!isHeld) return;
      isHeld = false;
      clearTimeout(timer);
      const next = this.waiting.shift();
      if (next === undefined) this.starting -= 1;
      else next();
    };
    const timer = setTimeout(leave, this.limitMs).unref();
    return leave;
  }
}
