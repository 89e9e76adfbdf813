/** What a figure must reach. */
export interface Target {
  readonly kind: 'at most' | 'at least';
  readonly limit: number;
}

/** One line of the table. */
export interface Figure {
  readonly what: string;
  /** Undefined for what could not be measured here; `what` says why. */
  readonly value: number | undefined;
  /** `x` for a ratio. */
  readonly unit: 'x' | 'ms' | 'req/s' | 'events/s' | 'MB' | 'µs' | '%' | 'pieces';
  /** Absent for what is told to explain another figure. */
  readonly target?: Target;
}

export interface Benchmark {
  readonly name: string;
  /** What is measured against what, for a reader of docs/benchmarks.md. */
  readonly about: string;
  run(): Promise<Figure[]>;
}

export function isMet({ value, target }: Figure): boolean | undefined {
  if (target === undefined || value === undefined) return undefined;
  return target.kind === 'at most' ? value <= target.limit : value >= target.limit;
}

/** @throws RangeError for no values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share `q` of the values lies, between neighbours by proportion. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new RangeError('no values to take a quantile of');
  return below + (above - below) * (at - Math.floor(at));
}

/** Two ways of doing the same, one after the other, with the order turned round each time. */
export async function interleave(
  rounds: number,
  first: () => Promise<void>,
  second: () => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const [one, other] = round % 2 === 0 ? [first, second] : [second, first];
    await one();
    await other();
  }
}
