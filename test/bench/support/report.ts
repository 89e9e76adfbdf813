import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import path from 'node:path';
import { isMet, type Benchmark, type Figure } from './figures.js';

const HEADING = '## ';
const PREAMBLE = `# Benchmarks

Written by \`npm run bench\`; \`npm run bench -- NAME\` renews one section. Ratios are the figures to look at: both sides were
measured in the same run, in turn, and the medians compared. The absolute figures depend on the machine and on what
else it was doing.
`;

/** The figures as a Markdown table, which is also readable in a terminal. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [['what', 'measured', 'target', 'met'], ...figures.map(cellsOf)];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

/** Puts the benchmark's section into the report in place of its last one; the other sections stay. */
export async function writeSection(
  file: string,
  benchmark: Benchmark,
  figures: readonly Figure[],
): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const sections = new Map(
    text
      .split(`\n${HEADING}`)
      .slice(1)
      .map((section) => [section.split('\n', 1)[0] ?? '', section.trimEnd()]),
  );
  const told = `${benchmark.name}\n\n${benchmark.about}\n\n${circumstances()}\n\n${tableOf(figures)}`;
  sections.set(benchmark.name, told);
  const body = [...sections.values()].map((section) => `\n${HEADING}${section}\n`).join('');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, PREAMBLE + body);
}

function circumstances(): string {
  const day = new Date().toISOString().slice(0, 10);
  const memory = Math.round(totalmem() / 1024 ** 3);
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${day}, Node ${process.versions.node}, ${availableParallelism()} cores (${model}), ${memory} GiB.`;
}

function cellsOf(figure: Figure): string[] {
  const met = isMet(figure);
  return [
    figure.what,
    figure.value === undefined ? 'not measured' : `${digits(figure.value)} ${figure.unit}`,
    figure.target === undefined ? '' : `${figure.target.kind} ${figure.target.limit} ${figure.unit}`,
    met === undefined ? '' : met ? 'yes' : 'no',
  ];
}

function digits(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
