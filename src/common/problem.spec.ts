import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BadRequestException, NotFoundException, type ArgumentsHost, Logger } from '@nestjs/common';
import express, { type Request, type Response } from 'express';
import request from 'supertest';
import { GATEWAY_ERROR_CODES, GatewayError, invalidFields, messageOf } from '../core/errors.js';
import { problemOf, STATUS_OF } from './problem.js';
import { ErrorShapes } from './error-shapes.js';
import { ProblemFilter } from './problem.filter.js';
import { requestContextOf, requestIdFor, setRequestContext } from './request-context.js';

const STATUSES: Record<number, string[]> = {
  400: ['malformed_json', 'invalid_cursor'],
  401: ['unauthorized'],
  403: ['forbidden_ip', 'forbidden_role'],
  404: [
    'not_found',
    'session_not_found',
    'turn_not_found',
    'file_not_found',
    'token_not_found',
    'terminal_not_found',
  ],
  409: ['token_exists'],
  410: ['session_closed'],
  413: ['payload_too_large'],
  415: ['unsupported_media_type'],
  422: ['validation_failed', 'idempotency_key_reused'],
  500: ['internal'],
  502: ['agent_failed', 'outcome_unknown'],
  503: ['pool_full', 'queue_full', 'agent_not_installed', 'draining', 'storage_unavailable'],
};

describe('problemOf', () => {
  it('has the status of the contract for every code', () => {
    const codes = Object.entries(STATUSES).flatMap(([status, group]) =>
      group.map((code) => [code, Number(status)]),
    );
    expect(STATUS_OF).toEqual(Object.fromEntries(codes));
    expect(codes).toHaveLength(GATEWAY_ERROR_CODES.length);
  });

  it.each(GATEWAY_ERROR_CODES)('makes a whole document of %s', (code) => {
    expect(problemOf(new GatewayError(code, 'why'), 'r1')).toEqual({
      type: `urn:clawdforge:error:${code}`,
      title: expect.stringMatching(/.{5,}/),
      status: STATUS_OF[code],
      detail: 'why',
      code,
      retryable: false,
      request_id: 'r1',
    });
  });

  it('names the wrong fields', () => {
    const errors = [
      { field: 'a', message: 'is bad' },
      { field: 'b[0]', message: 'too' },
    ];
    const problem = problemOf(invalidFields(errors), 'r1');
    expect(problem).toMatchObject({ code: 'validation_failed', detail: 'a: is bad; b[0]: too', errors });
  });
});

it.each([
  [new Error('text'), 'text'],
  ['thrown text', 'thrown text'],
  [undefined, 'undefined'],
])('tells the message of whatever was thrown: %s', (thrown, expected) => {
  expect(messageOf(thrown)).toBe(expected);
});

describe('the filter', () => {
  let server: Server;
  let thrown: unknown;

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const filter = new ProblemFilter(new ErrorShapes());
    const app = express();
    app.use((req: Request, res: Response) => {
      setRequestContext(req, {
        requestId: 'r1',
        client: { address: '::1', isTrueLoopback: true, isForwardingUntrusted: false },
      });
      if (req.url === '/begun') res.write('begun');
      const http = { getRequest: () => req, getResponse: () => res };
      filter.catch(thrown, { switchToHttp: () => http } as unknown as ArgumentsHost);
    });
    server = createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const get = (path = '/') => request(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).get(path);

  it.each([
    ['an error of ours', new GatewayError('token_exists', 'x'), 409, 'token_exists'],
    ['an unknown route', new NotFoundException(), 404, 'not_found'],
    ['a path that cannot be decoded', new URIError('URI malformed'), 404, 'not_found'],
    ['what Nest makes of that', new BadRequestException(), 404, 'not_found'],
    ['a fault of ours', new TypeError('secret detail'), 500, 'internal'],
    ['something that is no error', 'secret detail', 500, 'internal'],
  ])('answers %s', async (_, error, status, code) => {
    thrown = error;
    const answer = await get();
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(JSON.parse(answer.text)).toMatchObject({ status, code, request_id: 'r1' });
    expect(answer.text).not.toContain('secret detail');
  });

  it('says when to try again, and how to sign in', async () => {
    thrown = new GatewayError('draining', 'x', { retryable: true, retryAfterSecs: 5 });
    expect((await get()).headers['retry-after']).toBe('5');
    thrown = new GatewayError('unauthorized', 'x');
    expect((await get()).headers['www-authenticate']).toBe('Bearer');
  });

  it('cuts off an answer that has begun', async () => {
    thrown = new Error('late');
    await expect(get('/begun')).rejects.toThrow();
  });
});

describe('request ids', () => {
  it.each(['abc', 'A1', '3c9d4f0e-6d0b-4f6f-9d5e-0b7f3f1c2a11', 'a.b_c:d', 'x'.repeat(128)])(
    'keeps %s',
    (id) => {
      expect(requestIdFor(id)).toBe(id);
    },
  );

  it.each([undefined, '', ' a', 'a b', '-a', 'a\nb', 'ü', '<script>', 'x'.repeat(129), ['a', 'b']])(
    'makes a new one instead of %j',
    (header) => {
      const id = requestIdFor(header);
      expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(requestIdFor(header)).not.toBe(id);
    },
  );

  it('takes a request without a context for a fault of ours', () => {
    expect(() => requestContextOf({} as Request)).toThrow('the request has no context');
  });
});
