import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunnerSession } from '../../src/acpx/acpx-runner.js';
import type { JsonObject } from '../../src/core/json-rpc.js';
import { type AcpHarness, type AcpHarnessOptions, makeAcpHarness } from './acp-harness.js';
import { turn } from './runner-contract.js';

/** Short patience, so that a test of an agent that never answers does not take as long as one. */
const IMPATIENT = {
  initializeMs: 3000,
  requestMs: 1500,
  cancelGraceMs: 300,
  closeMs: 300,
  endInputMs: 300,
  killGraceMs: 300,
};

/** The warm runner with the hostile agent of test/fixtures, playing the scenarios that are named, one after the other. */
export function makeHostileHarness(scenario: string, options: AcpHarnessOptions = {}): Promise<AcpHarness> {
  const limits = { ...IMPATIENT, ...options.limits };
  return makeAcpHarness({ ...options, limits, fixture: ['hostile.mjs', ...scenario.split(' ')] });
}

/** What the agents of the harness were asked by a method, in order. */
export async function callsTo(harness: AcpHarness, method: string): Promise<JsonObject[]> {
  const text = await readFile(path.join(harness.directory, 'home', 'calls.jsonl'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as JsonObject).filter((call) => call.method === method);
}

/** The next turn completes, and lost no context. */
export async function expectWell(harness: AcpHarness, session: RunnerSession): Promise<void> {
  const next = await turn(harness.runner, session, 'hello');
  expect(next.result).toMatchObject({ status: 'completed', stopReason: 'end_turn', errorCode: null });
  expect(next.text).toBe('well');
}
