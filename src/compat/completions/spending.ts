import { addSpent, NOTHING_SPENT, type Spent } from '../../core/claude/backend-event.js';
import type { RunRecordEnd } from '../../run/run-ledger.js';
import type { Told } from './told.js';

/** Adds up what the turns of one request use, repair turns and turns that fail included. */
export class Spending {
  private total: Spent = NOTHING_SPENT;

  add(spent: Spent): void {
    this.total = addSpent(this.total, spent);
  }

  /** The same steps, with what each end says added up. */
  async *watch(steps: AsyncIterable<Told>): AsyncGenerator<Told, void, undefined> {
    for await (const step of steps) {
      if (step.kind === 'end') this.add(step);
      yield step;
    }
  }

  /** What the row is told: nothing, rather than zeros, where nothing is known. */
  get known(): Pick<RunRecordEnd, 'usage' | 'costUsd'> {
    const { usage, costUsd } = this.total;
    const isKnown = Object.values(usage).some((count) => count > 0);
    return { usage: isKnown ? { ...usage } : null, costUsd };
  }
}
