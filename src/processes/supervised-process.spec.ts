import { readFile } from 'node:fs/promises';
import { allLines, nextLine, ProcessHarness } from '../../test/support/process-harness.js';
import { until } from '../../test/support/until.js';

const PLENTY_MS = 60_000;

describe('SupervisedProcess', () => {
  let harness: ProcessHarness;

  beforeEach(async () => {
    harness = await ProcessHarness.open();
  });

  afterEach(async () => {
    await harness.close();
  });

  describe('at the end of its child', () => {
    it('tells the exit code and the end of stderr', async () => {
      const started = await harness.start('exits-at-once', ['7']);
      expect(await allLines(started)).toEqual([]);
      expect(await started.exited).toEqual({ code: 7, signal: null, spawnError: null });
      expect(started.stderrTail()).toBe('giving up\n');
    });

    it('tells that a program does not exist', async () => {
      const started = await harness.start('none', [], { command: '/no/such/program', input: 'lost' });
      expect(started.pid).toBeUndefined();
      expect(await started.exited).toMatchObject({
        code: null,
        signal: null,
        spawnError: { code: 'ENOENT' },
      });
      expect(await allLines(started)).toEqual([]);
      expect(await started.write('more')).toBe(false);
      started.endInput();
      started.drainOutput();
      await started.stop();
    });

    it('tells that arguments cannot be passed to a program at all', async () => {
      const started = await harness.start('never-answers', ['x'.repeat(4_000_000)]);
      expect(await started.exited).toMatchObject({ code: null, spawnError: { code: 'E2BIG' } });
      expect(await allLines(started)).toEqual([]);
      await started.stop();
    });

    it('does not wait for a grandchild that keeps the pipes open', async () => {
      const marker = await harness.newMarker();
      const started = await harness.start('leaves-pipes-open', [], { marker });
      expect(await allLines(started)).toEqual(['answer']);
      expect(await started.exited).toMatchObject({ code: 0 });
      expect(started.stderrTail()).toBe('leaving\n');
      expect(await harness.alive(marker)).toHaveLength(1);
      await started.stop();
      expect(await harness.supervisor.sweep(marker)).toBe(1);
    });

    it('keeps the lines for a reader who comes after the exit', async () => {
      const started = await harness.start('prints-its-environment');
      await started.exited;
      expect(await allLines(started)).toHaveLength(1);
    });
  });

  describe('stop', () => {
    it('ends a child that obeys SIGTERM without waiting for the grace', async () => {
      const started = await harness.start('never-answers');
      await started.stop(PLENTY_MS);
      expect(await started.exited).toMatchObject({ code: null, signal: 'SIGTERM' });
    });

    it('kills a child that ignores SIGTERM; repeated calls share one promise', async () => {
      const started = await harness.start('ignores-sigterm');
      expect(await nextLine(started)).toBe('ready');
      const stopped = started.stop(50);
      expect(started.stop(PLENTY_MS)).toBe(stopped);
      await stopped;
      expect(await started.exited).toMatchObject({ code: null, signal: 'SIGKILL' });
      expect(started.stop()).toBe(stopped);
    });

    it('takes along the members of the group that outlive the child', async () => {
      const started = await harness.start('keeps-a-stubborn-child');
      const stubborn = Number(await nextLine(started));
      expect(await harness.alive()).toContain(stubborn);
      await started.stop(PLENTY_MS);
      expect(await started.exited).toMatchObject({ signal: 'SIGTERM' });
      await until('the stubborn child is gone', async () => !(await harness.alive()).includes(stubborn));
    });

    it('does nothing to a child that has ended', async () => {
      const started = await harness.start('exits-at-once', ['0']);
      await started.exited;
      await started.stop();
      expect(await started.exited).toMatchObject({ code: 0, signal: null });
    });

    it('ends the lines of a reader who waits', async () => {
      const started = await harness.start('never-answers');
      const reading = allLines(started);
      await started.stop(PLENTY_MS);
      expect(await reading).toEqual([]);
    });
  });

  describe('stdout', () => {
    it('makes a flooding child wait for its reader, and loses nothing', async () => {
      const started = await harness.start('floods-stdout');
      expect(await nextLine(started)).toMatch(/^0 /);
      const written = await settledBytesWritten(started.pid);
      expect(written).toBeLessThan(8 * 1024 * 1024);

      let count = 1;
      for await (const line of started.lines) {
        const isNext = line.kind === 'line' && line.text.startsWith(`${count} `) && line.text.length === 1023;
        if (!isNext) throw new Error(`line ${count} is lost or cut`);
        count += 1;
      }
      expect(count).toBe(65_536);
      expect(await started.exited).toMatchObject({ code: 0 });
    });

    it('lets a child end by itself when its reader has left', async () => {
      const started = await harness.start('floods-stdout');
      for await (const line of started.lines) {
        expect(line.kind).toBe('line');
        break;
      }
      expect(await started.exited).toMatchObject({ code: 0, signal: null });
    });

    it('lets a child end by itself when nobody wants its lines', async () => {
      const started = await harness.start('floods-stdout');
      started.drainOutput();
      expect(await started.exited).toMatchObject({ code: 0, signal: null });
      expect(await allLines(started)).toEqual([]);
    });

    it('gives a line of 20 MB in one piece, also without a newline', async () => {
      const started = await harness.start('prints-a-long-line');
      const lines = await allLines(started);
      expect(lines.map((line) => line.length)).toEqual([20_000_000]);
    });

    it('reports a line over the bound and goes on with the next', async () => {
      const started = await harness.start('prints-a-long-line', ['after'], { maxLineBytes: 1_000_000 });
      const lines = await allLines(started);
      expect(lines).toEqual([expect.stringMatching(/^overflow at 1\d{6}$/), 'after']);
    });

    it('keeps characters whole whose bytes come one by one', async () => {
      const text = 'Grüße, 你好 und 🦊 €';
      const started = await harness.start('splits-utf8', [text]);
      expect(await allLines(started)).toEqual([text]);
      await started.exited;
      expect(started.stderrTail()).toBe(text);
    });
  });

  describe('stderr', () => {
    it('is drained whole, while a bounded tail is kept', async () => {
      const started = await harness.start('floods-stderr');
      expect(await allLines(started)).toEqual(['done']);
      expect(await started.exited).toMatchObject({ code: 0 });
      expect(started.stderrTail()).toHaveLength(8192 - Buffer.byteLength('ü€') + 'ü€'.length);
      expect(started.stderrTail(16)).toBe('end: ungültig €\n');
    });
  });

  describe('stdin', () => {
    it('carries input of any size, dashes and control characters included', async () => {
      const input = `--help\u0000\u001b[2J${'é'.repeat(1_000_000)}`;
      const started = await harness.start('counts-stdin', [], { input });
      expect(await allLines(started)).toEqual([String(Buffer.byteLength(input))]);
      expect(await started.exited).toMatchObject({ code: 0 });
    });

    it('takes several writes until it is ended', async () => {
      const started = await harness.start('counts-stdin');
      expect(await started.write('four')).toBe(true);
      expect(await started.write(Buffer.alloc(1000))).toBe(true);
      started.endInput();
      started.endInput();
      expect(await started.write('late')).toBe(false);
      expect(await allLines(started)).toEqual(['1004']);
      await started.exited;
    });

    it('survives a child that closed it', async () => {
      const started = await harness.start('closes-stdin');
      expect(await nextLine(started)).toBe('closed');
      expect(await started.write(Buffer.alloc(4_000_000))).toBe(false);
      expect(await started.write('more')).toBe(false);
      await started.stop(PLENTY_MS);
    });

    it('survives a child that ends without having read its input', async () => {
      const started = await harness.start('exits-at-once', ['3'], { input: 'x'.repeat(4_000_000) });
      expect(await started.exited).toMatchObject({ code: 3, spawnError: null });
      expect(await allLines(started)).toEqual([]);
    });
  });
});

/** What a process has written in all, once twenty looks in a row find no more. */
async function settledBytesWritten(pid: number | undefined): Promise<number> {
  let last = -1;
  let equalLooks = 0;
  await until('the child waits', async () => {
    const now = Number(/^wchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1]);
    equalLooks = now === last ? equalLooks + 1 : 0;
    last = now;
    return equalLooks === 20;
  });
  return last;
}
