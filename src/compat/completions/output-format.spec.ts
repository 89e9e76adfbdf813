import { OutputCheck } from './output-format.js';

const PERSON = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' } },
  required: ['name'],
  additionalProperties: false,
};

describe('OutputCheck', () => {
  const check = new OutputCheck({ kind: 'json_schema', schema: PERSON });

  it.each(['{"name":"Ada"}', ' {"name":"Ada"}\n', '```json\n{"name":"Ada"}\n```', '```\n{"name":"Ada"}```'])(
    'takes %j',
    (text) => {
      expect(check.check(text)).toEqual({ isValid: true, json: '{"name":"Ada"}' });
    },
  );

  it.each([
    ['Here: {"name":"Ada"}', 'not JSON'],
    ['{"age":3}', "required property 'name'"],
    ['{"name":"Ada","age":1.5}', '/age must be integer'],
    ['{"name":"Ada","x":1}', 'additional properties'],
    ['', 'not JSON'],
  ])('says what is wrong with %j', (text, fault) => {
    expect(check.check(text)).toMatchObject({ isValid: false, faults: expect.stringContaining(fault) });
  });

  it('takes any object, and objects only, for json_object', () => {
    const object = new OutputCheck({ kind: 'json_object' });
    expect(object.check('{"a":[1]}').isValid).toBe(true);
    expect(object.check('[1]')).toEqual({ isValid: false, faults: 'it is not a JSON object' });
  });

  it.each(['http://json-schema.org/draft-07/schema#', 'https://json-schema.org/draft/2020-12/schema'])(
    'reads schemas of %s',
    ($schema) => {
      const dated = new OutputCheck({ kind: 'json_schema', schema: { ...PERSON, $schema } });
      expect(dated.check('{"name":1}').isValid).toBe(false);
    },
  );

  it.each([[{ type: 'nothing' }], [{ $ref: 'https://example.org/other.json' }], [{ pattern: '(' }]])(
    'refuses the schema %j',
    (schema) => {
      expect(() => new OutputCheck({ kind: 'json_schema', schema })).toThrow();
    },
  );

  it('is not held up by a pattern that takes for ever', () => {
    const trap = new OutputCheck({ kind: 'json_schema', schema: { type: 'string', pattern: '^(a+)+$' } });
    const checked = trap.check(JSON.stringify(`${'a'.repeat(60)}!`));
    expect(checked).toMatchObject({
      isValid: false,
      faults: expect.stringContaining('could not be checked'),
    });
  });
});
