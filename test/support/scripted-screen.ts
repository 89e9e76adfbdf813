import { TerminalScreen } from '../../src/claude-code/terminal/terminal-screen.js';
import type {
  ScreenFollower,
  ScreenSnapshot,
  WatchedTerminal,
} from '../../src/claude-code/terminal/watched-terminal.js';

/** A screen on which a test draws; it notes what is typed and which sizes it is given. */
export class ScriptedScreen implements WatchedTerminal {
  readonly typed: string[] = [];
  readonly sizes: [number, number][] = [];
  private readonly screen = new TerminalScreen(120, 40);

  constructor(readonly ended: Promise<void>) {}

  show(text: string): void {
    this.screen.write(text);
  }

  snapshot(): Promise<ScreenSnapshot> {
    return this.screen.snapshot();
  }

  follow(follower: ScreenFollower): () => void {
    return this.screen.follow(follower);
  }

  type(text: string): void {
    this.typed.push(text);
    this.show(text);
  }

  resize(columns: number, rows: number): void {
    this.sizes.push([columns, rows]);
    this.screen.resize(columns, rows);
  }
}
