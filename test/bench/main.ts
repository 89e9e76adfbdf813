/**
 * `npm run bench` runs all benchmarks, `npm run bench -- NAME…` some of them; each leaves its section in docs/benchmarks.md. The
 * clients run here, with a heap that is large from the start: small ones are collected every few hundred answers, which
 * would be told as the server's time.
 */
import path from 'node:path';
import { completionsBenchmark } from './claude/completions.js';
import { historiesBenchmark } from './claude/histories.js';
import { plantedBenchmark } from './claude/planted.js';
import { firstEventBenchmark } from './events/first-event.js';
import { longTurnBenchmark } from './events/long-turn.js';
import { pagesBenchmark } from './events/pages.js';
import { heapBenchmark } from './http/heap.js';
import { httpBenchmark } from './http/http.js';
import { sessionsWarmBenchmark } from './sessions-warm/sessions-warm.js';
import { isMet, type Benchmark } from './support/figures.js';
import { PACKAGE_ROOT } from './support/lab.js';
import { tableOf, writeSection } from './support/report.js';
import { sweepBenchmark } from './sweep/sweep.js';
import { turnCliBenchmark } from './turn-cli/turn-cli.js';
import { turnSandboxBenchmark } from './turn-sandbox/turn-sandbox.js';
import { turnWarmBenchmark } from './turn-warm/turn-warm.js';

const BENCHMARKS: readonly Benchmark[] = [
  turnWarmBenchmark,
  turnSandboxBenchmark,
  firstEventBenchmark,
  longTurnBenchmark,
  sessionsWarmBenchmark,
  pagesBenchmark,
  turnCliBenchmark,
  completionsBenchmark,
  plantedBenchmark,
  historiesBenchmark,
  httpBenchmark,
  heapBenchmark,
  sweepBenchmark,
];
const REPORT = path.join(PACKAGE_ROOT, 'docs', 'benchmarks.md');

const names = process.argv.slice(2);
const unknown = names.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  console.error(
    `no benchmark is called ${unknown.join(', ')}; there are: ${BENCHMARKS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

let missed = 0;
for (const benchmark of BENCHMARKS) {
  if (names.length > 0 && !names.includes(benchmark.name)) continue;
  console.log(`\n${benchmark.name} …`);
  const figures = await benchmark.run();
  console.log(tableOf(figures));
  await writeSection(REPORT, benchmark, figures);
  missed += figures.filter((figure) => isMet(figure) === false).length;
}
console.log(missed === 0 ? '\nEvery target was met.' : `\n${missed} targets were missed.`);
process.exitCode = missed === 0 ? 0 : 1;
