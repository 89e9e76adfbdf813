import { createRequire } from 'node:module';
import type * as Serialize from '@xterm/addon-serialize';
import type * as Xterm from '@xterm/headless';
import type { ScreenFollower, ScreenSnapshot } from './watched-terminal.js';

const SCROLLBACK_LINES = 1000;

const require = createRequire(import.meta.url);
// CommonJS bundles whose names an ESM import cannot see.
const xterm = require('@xterm/headless') as typeof Xterm;
const serialize = require('@xterm/addon-serialize') as typeof Serialize;

/** What a terminal's output looks like: some 2.5 MB of memory each. */
export class TerminalScreen {
  private readonly terminal: Xterm.Terminal;
  private readonly serializer: Serialize.SerializeAddon;
  private readonly followers = new Set<FollowedScreen>();

  constructor(columns: number, rows: number) {
    this.terminal = new xterm.Terminal({
      cols: columns,
      rows,
      scrollback: SCROLLBACK_LINES,
      allowProposedApi: true,
    });
    this.serializer = new serialize.SerializeAddon();
    this.terminal.loadAddon(this.serializer);
  }

  write(text: string): void {
    this.terminal.write(text);
    for (const followed of this.followers) followed.take(text);
  }

  /** The screen once all that was written is drawn, and before any later output. */
  snapshot(): Promise<ScreenSnapshot> {
    return new Promise((resolve) => this.whenDrawn(resolve));
  }

  /** Tells `follower` of the screen now and of all that is written from now on. Returns how to end that. */
  follow(follower: ScreenFollower): () => void {
    const followed = new FollowedScreen(follower);
    this.followers.add(followed);
    this.show(followed);
    return () => {
      followed.leave();
      this.followers.delete(followed);
    };
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows);
    for (const followed of this.followers) this.show(followed);
  }

  dispose(): void {
    this.followers.clear();
    this.terminal.dispose();
  }

  private show(followed: FollowedScreen): void {
    this.whenDrawn(followed.hold());
  }

  private whenDrawn(take: (snapshot: ScreenSnapshot) => void): void {
    this.terminal.write('', () => {
      const { cols: columns, rows, buffer } = this.terminal;
      const cursor = { column: buffer.active.cursorX, row: buffer.active.cursorY };
      take({ columns, rows, cursor, text: this.text(), ansi: this.serializer.serialize() });
    });
  }

  private text(): string {
    const { active } = this.terminal.buffer;
    const lines = Array.from({ length: this.terminal.rows }, (_, row) => {
      return active.getLine(active.baseY + row)?.translateToString(true) ?? '';
    });
    return lines.join('\n').trimEnd();
  }
}

/** One follower's place: while its snapshot is being drawn, what comes is held back for behind it. */
class FollowedScreen {
  private held: string[] | undefined;
  private hasLeft = false;

  constructor(private readonly follower: ScreenFollower) {}

  /** From now on output is held back, until the snapshot of this moment is given to what is returned. */
  hold(): (snapshot: ScreenSnapshot) => void {
    // What an earlier snapshot was to be followed by is in this one.
    const held: string[] = [];
    this.held = held;
    return (snapshot) => {
      if (this.held !== held || this.hasLeft) return;
      this.held = undefined;
      this.follower.onSnapshot(snapshot);
      for (const text of held) this.take(text);
    };
  }

  take(text: string): void {
    if (this.hasLeft) return;
    if (this.held === undefined) this.follower.onOutput(text);
    else this.held.push(text);
  }

  leave(): void {
    this.hasLeft = true;
  }
}
