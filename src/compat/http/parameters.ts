import { isJsonObject, type JsonObject } from '../../core/json-rpc.js';
import { invalidFields } from '../../core/errors.js';
import type { Faults } from './faults.js';

/**
 * What becomes of a parameter: `honoured`; `ignored`, which the answer's header reports; or the reason for which it is
 * refused. A function decides by the value.
 */
export type Ruling = 'honoured' | 'ignored' | { readonly refused: string };
export type Rule = Ruling | ((value: unknown) => Ruling | 'harmless');
export type Rules = Readonly<Record<string, Rule>>;

export const IGNORED_HEADER = 'x-clawdforge-ignored';

/** Refused with this reason unless the value asks for nothing: false, 0, an empty list or object. */
export function refusedUnlessEmpty(reason: string): Rule {
  return (value) => (isEmpty(value) ? 'harmless' : { refused: reason });
}

/** @throws GatewayError when the body is no object. */
export function bodyOf(body: unknown): JsonObject {
  if (isJsonObject(body)) return body;
  throw invalidFields([{ field: 'body', message: 'takes a JSON object' }]);
}

/** Judges what is set of a body; null counts as not set. Those that are ignored, by name. */
export function judge(body: JsonObject, rules: Rules, faults: Faults, parent = ''): string[] {
  return Object.entries(body).flatMap(([name, value]) => {
    if (value === null || value === undefined) return [];
    const field = `${parent}${name}`;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      faults.add(field, 'is not a parameter of this request');
      return [];
    }
    const ruling = typeof rule === 'function' ? rule(value) : rule;
    if (typeof ruling === 'object') faults.add(field, ruling.refused);
    return ruling === 'ignored' ? [field] : [];
  });
}

/** The value of a header that reports what was ignored. */
export function ignoredHeader(ignored: readonly string[]): string {
  return [...new Set(ignored)]
    .map((name) => name.replace(/[^\w.-]/g, '?').slice(0, 64))
    .slice(0, 50)
    .join(', ');
}

export function readBoolean(value: unknown, field: string, faults: Faults): boolean {
  if (value !== undefined && value !== null && typeof value !== 'boolean')
    faults.add(field, 'must be a boolean');
  return value === true;
}

const MODEL = /^[A-Za-z0-9][A-Za-z0-9._:/@[\]-]{0,127}$/;

export function readModel(value: unknown, faults: Faults): string {
  if (typeof value === 'string' && MODEL.test(value)) return value;
  faults.add(
    'model',
    'takes a name of 1-128 of A-Z, a-z, 0-9, ., _, :, /, @, [, ] and -, beginning with a letter or digit',
  );
  return '';
}

function isEmpty(value: unknown): boolean {
  if (value === false || value === 0 || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}
