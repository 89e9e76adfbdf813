import { readFile } from 'node:fs/promises';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where the time of a processor profile went, in parts of 100 of the main thread's busy time; the idle share apart. */
export interface ProfileSummary {
  readonly idle: number;
  /** Largest first. */
  readonly shares: readonly (readonly [place: string, percent: number])[];
}

const PLACES: readonly (readonly [RegExp, string])[] = [
  [/\/node_modules\/(?:typeorm|sqlite3|bindings)\//, 'TypeORM and the SQLite driver'],
  [/\/node_modules\/(?:class-validator|class-transformer|validator)\//, 'validation of bodies'],
  [
    /\/node_modules\/(?:pino[^/]*|nestjs-pino|sonic-boom|on-exit-leak-free|thread-stream|quick-format-unescaped|safe-stable-stringify)\//,
    'the log (pino)',
  ],
  [/\/node_modules\//, 'Nest, Express and what they bring'],
  [/\/dist\/(?:acpx|core|processes)\//, 'our code: agents'],
  [/\/dist\/(?:sessions|database|audit|metrics)\//, 'our code: turns, events, ledger'],
  [/\/dist\//, 'our code: the rest'],
  [/^node:/, 'Node itself (HTTP, streams, pipes, promises)'],
];
const NATIVE: Readonly<Record<string, string>> = {
  '(garbage collector)': 'garbage collection',
  '(program)': 'other native code (system calls)',
};

/** @returns the shares by place, of each frame its own time. */
export async function summarizeProfile(file: string): Promise<ProfileSummary> {
  const profile = JSON.parse(await readFile(file, 'utf8')) as CpuProfile;
  const placeOf = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOfFrame(callFrame)]));
  const micros = new Map<string, number>();
  for (const [index, id] of profile.samples.entries()) {
    const place = placeOf.get(id) ?? '';
    micros.set(place, (micros.get(place) ?? 0) + (profile.timeDeltas[index] ?? 0));
  }
  const all = [...micros.values()].reduce((sum, part) => sum + part, 0);
  const idle = micros.get('idle') ?? 0;
  micros.delete('idle');
  const shares = [...micros]
    .map(([place, part]) => [place, (part / (all - idle)) * 100] as const)
    .sort(([, left], [, right]) => right - left);
  return { idle: (idle / all) * 100, shares };
}

function placeOfFrame({ functionName, url }: { functionName: string; url: string }): string {
  if (functionName === '(idle)') return 'idle';
  const native = Object.hasOwn(NATIVE, functionName) ? NATIVE[functionName] : undefined;
  if (native !== undefined) return native;
  for (const [pattern, place] of PLACES) if (pattern.test(url)) return place;
  return 'built-ins and native add-ons (JSON, calls of SQLite)';
}
