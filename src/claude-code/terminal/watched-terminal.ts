/** The sizes that a terminal can have, in characters. */
export const TERMINAL_BOUNDS = { minColumns: 20, maxColumns: 500, minRows: 5, maxRows: 200 } as const;

/** A screen at one moment. */
export interface ScreenSnapshot {
  readonly columns: number;
  readonly rows: number;
  /** Where the cursor is on the screen, counted from 0. */
  readonly cursor: { readonly column: number; readonly row: number };
  /** The lines on the screen, without colours, ends trimmed. */
  readonly text: string;
  /** Escape sequences that draw the same screen and scrollback in an empty terminal of the same size. */
  readonly ansi: string;
}

/** What somebody who follows a terminal is told. */
export interface ScreenFollower {
  /** The whole screen: first of all, and again when the terminal has got another size. */
  onSnapshot(snapshot: ScreenSnapshot): void;
  /** What came after that, escape sequences included; nothing twice and nothing left out. */
  onOutput(text: string): void;
}

/** A live terminal as a person sees it. */
export interface WatchedTerminal {
  /** Resolves when the program in it has ended; never rejects. Then there is nothing more to see. */
  readonly ended: Promise<void>;
  /** The screen once all that came is drawn. */
  snapshot(): Promise<ScreenSnapshot>;
  /** Tells `follower` of the screen now and of all that comes, until what it returns is called. */
  follow(follower: ScreenFollower): () => void;
  /** Presses keys. The session then belongs to whoever pressed them: no later request continues it. */
  type(text: string): void;
  /** Sizes outside `TERMINAL_BOUNDS` are brought into them. */
  resize(columns: number, rows: number): void;
}
