import { createRequire } from 'node:module';
import type * as Serialize from '@xterm/addon-serialize';
import type * as Xterm from '@xterm/headless';
import type { ScreenSnapshot } from './watched-terminal.js';

const SCROLLBACK_LINES = 1000;

const require = createRequire(import.meta.url);
// CommonJS bundles whose names an ESM import cannot see.
const xterm = require('@xterm/headless') as typeof Xterm;
const serialize = require('@xterm/addon-serialize') as typeof Serialize;

/** What a terminal's output looks like: some 2.5 MB of memory each. */
export class TerminalScreen {
  private readonly terminal: Xterm.Terminal;
  private readonly serializer: Serialize.SerializeAddon;

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
  }

  /**
   * The screen once all that was written is drawn. `onDrawn` is called in the very moment of the snapshot, before any
   * later output.
   */
  snapshot(onDrawn: () => void = () => undefined): Promise<ScreenSnapshot> {
    return new Promise((resolve) => {
      this.terminal.write('', () => {
        onDrawn();
        resolve({
          columns: this.terminal.cols,
          rows: this.terminal.rows,
          text: this.text(),
          ansi: this.serializer.serialize(),
        });
      });
    });
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows);
  }

  dispose(): void {
    this.terminal.dispose();
  }

  private text(): string {
    const { active } = this.terminal.buffer;
    const lines = Array.from({ length: this.terminal.rows }, (_, row) => {
      return active.getLine(active.baseY + row)?.translateToString(true) ?? '';
    });
    return lines.join('\n').trimEnd();
  }
}
