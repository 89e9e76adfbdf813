import { ClaudeTurnError, type TurnFault } from '../../core/claude/turn-error.js';
import { GatewayError, invalidFields } from '../../core/errors.js';
import { apiFaultOf } from './api-fault.js';

describe('apiFaultOf', () => {
  it.each([
    [400, 'invalid_request', false],
    [401, 'authentication', false],
    [404, 'not_found', false],
    [413, 'too_large', false],
    [418, 'invalid_request', false],
    [429, 'rate_limit', true],
    [500, 'api', true],
    [529, 'overloaded', true],
  ])('keeps the status %i of the model API', (apiStatus, kind, mayRetry) => {
    const error = new ClaudeTurnError('api_error', 'no', { apiStatus });
    expect(apiFaultOf(error)).toMatchObject({ status: apiStatus, kind, mayRetry });
  });

  it.each<[TurnFault, number, string, boolean]>([
    ['api_error', 502, 'api', false],
    ['timeout', 504, 'timeout', false],
    ['not_ready', 502, 'api', true],
    ['process_exit', 502, 'api', false],
    ['blocked', 502, 'api', false],
  ])('tells a turn that ended by %s as %i', (name, status, kind, mayRetry) => {
    expect(apiFaultOf(new ClaudeTurnError(name, 'x'))).toMatchObject({ status, kind, mayRetry });
  });

  it('names the first wrong field with dots', () => {
    const error = invalidFields([
      { field: 'messages[2].content[0].type', message: 'is unknown' },
      { field: 'model', message: 'is missing' },
    ]);
    expect(apiFaultOf(error)).toMatchObject({
      status: 400,
      kind: 'invalid_request',
      field: 'messages.2.content.0.type',
      message: 'messages.2.content.0.type: is unknown; model: is missing',
    });
  });

  it('asks for patience when there is no room, and not when claude is not installed', () => {
    const full = new GatewayError('queue_full', 'full', { retryable: true, retryAfterSecs: 5 });
    expect(apiFaultOf(full)).toMatchObject({
      status: 503,
      kind: 'overloaded',
      retryAfterSecs: 5,
      mayRetry: true,
    });
    const missing = new GatewayError('agent_not_installed', 'install claude');
    expect(apiFaultOf(missing)).toMatchObject({ status: 503, kind: 'api', mayRetry: false });
  });

  it('hides secrets, and what nobody foresaw', () => {
    const error = new ClaudeTurnError('process_exit', 'key hunter22');
    expect(apiFaultOf(error, (text) => text.replace('hunter22', '…')).message).toBe('key …');
    expect(apiFaultOf(new Error('hunter22'))).toMatchObject({ status: 500, kind: 'api' });
    expect(apiFaultOf(new Error('hunter22')).message).not.toContain('hunter22');
  });
});
