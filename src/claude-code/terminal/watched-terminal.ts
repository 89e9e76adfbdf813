/** A screen at one moment. */
export interface ScreenSnapshot {
  readonly columns: number;
  readonly rows: number;
  /** The lines on the screen, without colours, ends trimmed. */
  readonly text: string;
  /** Escape sequences that draw the same screen and scrollback in an empty terminal of the same size. */
  readonly ansi: string;
}

/** A live terminal as a person sees it. */
export interface WatchedTerminal {
  snapshot(): Promise<ScreenSnapshot>;
  /** The screen now, and from then on every byte that comes, none twice and none left out; `stop` ends it. */
  follow(listener: (text: string) => void): Promise<{ snapshot: ScreenSnapshot; stop: () => void }>;
  /** Presses keys. The session then belongs to whoever pressed them: no later request continues it. */
  type(text: string): void;
  /** Sizes in characters, 20-500 by 5-200; others are brought into that range. */
  resize(columns: number, rows: number): void;
}
