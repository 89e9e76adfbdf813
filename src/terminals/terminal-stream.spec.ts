import { setImmediate as tick } from 'node:timers/promises';
import { ScriptedScreen } from '../../test/support/scripted-screen.js';
import { until } from '../../test/support/until.js';
import { type StreamReader, streamTerminal } from './terminal-stream.js';

const MEGABYTE = 1024 * 1024;

/** A reader that takes nothing until it is told to. */
class StalledReader implements StreamReader {
  readonly leaving = new AbortController();
  readonly gone = this.leaving.signal;
  readonly frames: string[] = [];
  unreadBytes = 0;
  hasEnded = false;
  private takeAll: () => void = () => undefined;

  write(frame: string): boolean {
    this.frames.push(frame);
    this.unreadBytes += frame.length;
    return false;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => (this.takeAll = resolve));
  }

  end(): void {
    this.hasEnded = true;
  }

  read(): void {
    this.unreadBytes = 0;
    this.takeAll();
  }

  events(): string[] {
    return this.frames.map((frame) => /^event: (\w+)/.exec(frame)?.[1] ?? '');
  }
}

describe('streamTerminal', () => {
  let end: () => void;
  let screen: ScriptedScreen;
  let reader: StalledReader;
  let streaming: Promise<void>;

  beforeEach(async () => {
    screen = new ScriptedScreen(new Promise((resolve) => (end = resolve)));
    reader = new StalledReader();
    streaming = streamTerminal(screen, reader);
    await screen.snapshot();
  });

  const flood = async (megabytes: number): Promise<void> => {
    for (let piece = 0; piece < megabytes * 16; piece += 1) {
      screen.show('x'.repeat(MEGABYTE / 16));
      await screen.snapshot();
    }
  };

  it('keeps a bounded part of what a reader does not take, then shows it the screen anew', async () => {
    await flood(2);
    expect(reader.unreadBytes).toBeLessThan(1.2 * MEGABYTE);
    const before = reader.frames.length;
    screen.show('\r\nthe last line');
    reader.read();
    await until('it is shown the screen', () => reader.frames.length > before);
    screen.show('!');
    expect(reader.events().slice(before)).toEqual(['snapshot', 'output']);
    expect(reader.frames.at(before)).toContain('the last line');
    end();
    await streaming;
    expect(reader.events().at(-1)).toBe('end');
  });

  it('keeps no new screens for it either, however often the size changes', async () => {
    await flood(0.25);
    for (let count = 0; count < 30; count += 1) {
      screen.resize(119 + (count % 2), 40);
      await screen.snapshot();
    }
    expect(reader.unreadBytes).toBeLessThan(1.2 * MEGABYTE);
    end();
    await streaming;
  });

  it('ends with the terminal, also while the reader takes nothing', async () => {
    await flood(2);
    end();
    await streaming;
    expect(reader.events().at(-1)).toBe('end');
    expect(reader.hasEnded).toBe(true);
  });

  it('leaves the terminal when the reader has gone', async () => {
    reader.leaving.abort();
    await streaming;
    const told = reader.frames.length;
    screen.show('for nobody');
    await screen.snapshot();
    await tick();
    expect(reader.frames).toHaveLength(told);
    expect(reader.hasEnded).toBe(true);
  });
});
