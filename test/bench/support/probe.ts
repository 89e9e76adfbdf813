/**
 * Loaded into a measured server before its own code (`node --expose-gc --import …`): tells over the IPC channel what it
 * uses, so that the product needs no route for it.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import process from 'node:process';

/**
 * `heapMb`: the heap after a collection. `rssMb`: the resident set after a collection. `peakRssMb`: its peak since the start.
 * `cpuMs`: user and system time of all threads since the start. `profile` and `profiled` begin and end a processor
 * profile, as `node --cpu-prof` would write it, into the file of BENCH_PROFILE_FILE.
 */
export type Question = 'heapMb' | 'rssMb' | 'peakRssMb' | 'cpuMs' | 'profile' | 'profiled';

const BYTES_PER_MB = 1_000_000;

const inspector = new Session();

const ANSWERS: Readonly<Record<Question, () => number | Promise<number>>> = {
  heapMb: () => {
    collect();
    return process.memoryUsage().heapUsed / BYTES_PER_MB;
  },
  rssMb: () => {
    collect();
    return process.memoryUsage.rss() / BYTES_PER_MB;
  },
  peakRssMb: () => (process.resourceUsage().maxRSS * 1024) / BYTES_PER_MB,
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  profile: async () => {
    inspector.connect();
    await inspector.post('Profiler.enable');
    await inspector.post('Profiler.start');
    return 0;
  },
  profiled: async () => {
    const { profile } = await inspector.post('Profiler.stop');
    inspector.disconnect();
    writeFileSync(process.env.BENCH_PROFILE_FILE ?? 'bench.cpuprofile', JSON.stringify(profile));
    return 0;
  },
};

process.on('message', (question: Question) => {
  void Promise.resolve(ANSWERS[question]()).then((answer) => process.send?.(answer));
});

function collect(): void {
  // Twice: what the first one finalises is free only after the second.
  globalThis.gc?.();
  globalThis.gc?.();
}
