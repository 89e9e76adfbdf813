import type { JsonObject } from './json-rpc.js';
import { decidePermission } from './permissions.js';

const CANCELLED = { outcome: 'cancelled' };

function selected(optionId: string): object {
  return { outcome: 'selected', optionId };
}

/** Ids that say the opposite of the kinds, as a trap for who reads them. */
const OPTIONS = [
  { optionId: 'allow', kind: 'reject_always' },
  { optionId: 'yes', kind: 'reject_once' },
  { optionId: 'reject', kind: 'allow_always' },
  { optionId: 'no', kind: 'allow_once' },
];

function request(kind: unknown, options: unknown = OPTIONS): JsonObject {
  return { sessionId: 's', toolCall: { toolCallId: 't', kind }, options };
}

describe('decidePermission', () => {
  it('allows everything, once rather than always', () => {
    expect(decidePermission('approve_all', request('execute'))).toEqual(selected('no'));
    expect(decidePermission('approve_all', { options: OPTIONS })).toEqual(selected('no'));
  });

  it('allows always where that is the only way to allow', () => {
    const options = OPTIONS.slice(0, 3);
    expect(decidePermission('approve_all', request('edit', options))).toEqual(selected('reject'));
  });

  it('denies everything, once rather than always', () => {
    expect(decidePermission('deny_all', request('read'))).toEqual(selected('yes'));
    expect(decidePermission('deny_all', request('read', OPTIONS.slice(0, 1)))).toEqual(selected('allow'));
  });

  it.each(['read', 'search'])('allows a tool of kind %s where reads are approved', (kind) => {
    expect(decidePermission('approve_reads', request(kind))).toEqual(selected('no'));
  });

  it.each(['edit', 'delete', 'move', 'execute', 'think', 'fetch', 'switch_mode', 'other', undefined, 7])(
    'denies a tool of kind %s where reads are approved',
    (kind) => {
      expect(decidePermission('approve_reads', request(kind))).toEqual(selected('yes'));
    },
  );

  it('denies a request without a tool where reads are approved', () => {
    expect(decidePermission('approve_reads', { options: OPTIONS })).toEqual(selected('yes'));
  });

  it('allows nothing by mistake: without an option of the wanted kind the request is cancelled', () => {
    const rejecting = OPTIONS.slice(0, 2);
    expect(decidePermission('approve_all', request('read', rejecting))).toEqual(CANCELLED);
    expect(decidePermission('deny_all', request('read', OPTIONS.slice(2)))).toEqual(CANCELLED);
    expect(decidePermission('approve_all', request('read', []))).toEqual(CANCELLED);
  });

  it.each([undefined, null, 'allow', {}, [null, 'allow_once', { kind: 'allow_once' }]])(
    'cancels a request whose options are %j',
    (options) => {
      expect(decidePermission('approve_all', { ...request('read'), options })).toEqual(CANCELLED);
    },
  );
});
