import { isFinal, TURN_STATUSES } from './turn-status.js';

it('knows which states a turn keeps', () => {
  expect(TURN_STATUSES.filter(isFinal)).toEqual(['completed', 'failed', 'cancelled', 'timed_out', 'unknown']);
});
