import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { hostileProgram, allLines, nextLine, ProcessHarness } from '../../test/support/process-harness.js';
import { until } from '../../test/support/until.js';
import { MARKER_VARIABLE } from './process-types.js';

describe('ProcessSupervisor', () => {
  let harness: ProcessHarness;

  beforeEach(async () => {
    harness = await ProcessHarness.open();
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await harness.close();
  });

  describe('spawn', () => {
    it('gives a process the allow-listed environment and the marker, and nothing else', async () => {
      const marker = await harness.newMarker();
      const started = await harness.start('prints-its-environment', [], { marker, env: { MORE: 'yes' } });
      const [line] = await allLines(started);
      await started.exited;
      expect(JSON.parse(line ?? '')).toEqual({
        PATH: process.env.PATH,
        HOME: '/nowhere',
        ANTHROPIC_API_KEY: 'sk-for-the-agents-1234567890',
        CLAUDE_CODE_MAX_RETRIES: '2',
        EXTRA_FOR_AGENTS: 'extra',
        MORE: 'yes',
        [MARKER_VARIABLE]: marker,
      });
    });

    it('logs start and end of a process, and neither arguments nor input nor environment', async () => {
      const logged: unknown[][] = [];
      jest
        .spyOn(Logger.prototype, 'log')
        .mockImplementation((...entry: unknown[]) => void logged.push(entry));
      const started = await harness.start('exits-at-once', ['5', 'a-secret-argument'], {
        input: 'a-secret-prompt',
        env: { KEY: 'a-secret-key' },
      });
      await started.exited;
      await until('both lines are logged', () => logged.length === 2);
      const about = { label: 'exits-at-once', pid: started.pid, owner_id: 'an-owner' };
      expect(logged).toEqual([
        [about, 'process started'],
        [{ ...about, duration_ms: expect.any(Number), code: 5, signal: null }, 'process ended'],
      ]);
      expect(JSON.stringify(logged)).not.toContain('a-secret');
    });

    it('starts nothing under a marker that was never made or is forgotten', async () => {
      const forgotten = await harness.newMarker();
      await harness.supervisor.forget(forgotten);
      for (const marker of [forgotten, 'made-up']) {
        const started = await harness.start('never-answers', [], { marker });
        expect(started.pid).toBeUndefined();
        expect(await started.exited).toMatchObject({ spawnError: { code: 'ECANCELED' } });
      }
    });
  });

  describe('sweep', () => {
    it('kills a grandchild that left for a session of its own and ignores SIGTERM', async () => {
      const marker = await harness.newMarker();
      const started = await harness.start('leaves-a-daemon', [], { marker });
      const daemon = Number(await nextLine(started));
      await started.exited;
      expect(await harness.alive(marker)).toEqual([daemon]);
      expect(await harness.supervisor.sweep(marker)).toBe(1);
      expect(await harness.alive(marker)).toEqual([]);
    });

    it('catches a program that runs from process to process', async () => {
      const marker = await harness.newMarker();
      const started = await harness.start('runs-away', [], { marker });
      await started.exited;
      await harness.supervisor.sweep(marker);
      expect(await harness.alive(marker)).toEqual([]);
    });

    it('spares the processes of other markers', async () => {
      const [mine, other] = [await harness.newMarker(), await harness.newMarker()];
      const spared = await harness.start('ignores-sigterm', [], { marker: other });
      const swept = await harness.start('ignores-sigterm', [], { marker: mine });
      expect([await nextLine(spared), await nextLine(swept)]).toEqual(['ready', 'ready']);
      expect(await harness.supervisor.sweep(mine)).toBe(1);
      expect(await swept.exited).toMatchObject({ signal: 'SIGKILL' });
      expect(await harness.alive()).toEqual([spared.pid]);
      await harness.supervisor.sweep(other);
    });

    it('lets processes end in good order within the grace, and kills the rest after it', async () => {
      const marker = await harness.newMarker();
      const orderly = await harness.start('ends-in-order', [], { marker });
      const deaf = await harness.start('ignores-sigterm', [], { marker });
      expect([await nextLine(orderly), await nextLine(deaf)]).toEqual(['ready', 'ready']);
      expect(await harness.supervisor.sweep(marker, 2_000)).toBe(2);
      expect(await orderly.exited).toMatchObject({ code: 7, signal: null });
      expect(await deaf.exited).toMatchObject({ code: null, signal: 'SIGKILL' });
    });

    it('serves many sweeps at once, each with its own count', async () => {
      const markers = await Promise.all(Array.from({ length: 6 }, () => harness.newMarker()));
      for (const marker of markers) {
        const started = await harness.start('leaves-a-daemon', [], { marker });
        await nextLine(started);
        await started.exited;
      }
      const counts = await Promise.all(markers.map((marker) => harness.supervisor.sweep(marker)));
      expect(counts).toEqual([1, 1, 1, 1, 1, 1]);
      expect(await harness.alive()).toEqual([]);
    });

    it('finds nothing to do for a marker without processes', async () => {
      expect(await harness.supervisor.sweep(await harness.newMarker())).toBe(0);
    });
  });

  describe('the ledger of markers', () => {
    it('holds the marker before anything is started, and until it is forgotten', async () => {
      const marker = await harness.newMarker('session');
      expect(await harness.rows()).toEqual([
        { marker, kind: 'session', ownerId: 'an-owner', createdAt: expect.any(Number) },
      ]);
      const started = await harness.start('leaves-a-daemon', [], { marker });
      await nextLine(started);
      await harness.supervisor.forget(marker);
      expect(await harness.alive(marker)).toEqual([]);
      expect(await harness.rows()).toEqual([]);
    });

    it('keeps the row when the storage fails, and tells nobody but the log', async () => {
      const marker = await harness.newMarker();
      const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      jest.spyOn(harness.ledger, 'write').mockRejectedValueOnce(new Error('the disk is full'));
      await harness.supervisor.forget(marker);
      expect(errors).toHaveBeenCalledTimes(1);
      expect(await harness.rows()).toHaveLength(1);
    });
  });

  describe('reapLeftovers', () => {
    it('kills what an earlier server left behind and keeps the markers of sessions', async () => {
      const [session, run, probe] = [
        await harness.newMarker('session'),
        await harness.newMarker('run'),
        await harness.newMarker('probe'),
      ];
      for (const marker of [session, run]) {
        const started = await harness.start('leaves-a-daemon', [], { marker });
        await nextLine(started);
        await started.exited;
      }
      expect(await harness.alive()).toHaveLength(2);

      const next = harness.restarted();
      expect(await next.reapLeftovers()).toBe(2);
      expect(await harness.alive()).toEqual([]);
      expect((await harness.rows()).map((row) => row.marker)).toEqual([session]);
      const revived = next.spawn(harness.requestFor('exits-at-once', ['0'], session));
      expect(await revived.exited).toMatchObject({ code: 0 });
      const refused = next.spawn(harness.requestFor('exits-at-once', ['0'], probe));
      expect(await refused.exited).toMatchObject({ spawnError: { code: 'ECANCELED' } });
    });

    it('finds the processes of a server that was killed with SIGKILL', async () => {
      const marker = await harness.newMarker('session');
      const server = spawn(process.execPath, [hostileProgram('keeps-a-stubborn-child')], {
        env: { ...harness.config.agentEnv, [MARKER_VARIABLE]: marker },
        detached: true,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const [pidLine] = (await once(server.stdout, 'data')) as [Buffer];
      server.kill('SIGKILL');
      await once(server, 'exit');
      expect(await harness.alive(marker)).toEqual([Number(pidLine.toString())]);
      expect(await harness.restarted().reapLeftovers()).toBe(1);
      expect(await harness.alive(marker)).toEqual([]);
    });

    it('leaves alone what this server has started already', async () => {
      const started = await harness.start('ignores-sigterm');
      expect(await nextLine(started)).toBe('ready');
      expect(await harness.supervisor.reapLeftovers()).toBe(0);
      expect(await harness.rows()).toHaveLength(1);
      await started.stop(0);
    });
  });

  describe('shutdown', () => {
    it('ends live processes and everything that carries a marker, once, and starts nothing after', async () => {
      const marker = await harness.newMarker('session');
      const daemon = await harness.start('leaves-a-daemon', [], { marker });
      await nextLine(daemon);
      const polite = await harness.start('never-answers', [], { marker });
      const stopped = harness.supervisor.shutdown();
      const refused = await harness.start('never-answers', [], { marker });
      expect(await refused.exited).toMatchObject({ spawnError: { code: 'ECANCELED' } });
      expect(harness.supervisor.shutdown()).toBe(stopped);
      await stopped;
      expect(await polite.exited).toMatchObject({ signal: 'SIGTERM' });
      expect(await harness.alive()).toEqual([]);
      expect(await harness.rows()).toHaveLength(1);
    });
  });
});
