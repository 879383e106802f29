import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidSchema, fieldErrorText, fieldErrorsText } from './field-error.ts';
import { compileResourceSchema } from './resource-schema.ts';

const string = { type: 'string' };
const integer = { type: 'integer' };

function resource(spec: object): object {
  return { type: 'object', properties: { spec } };
}

function errorsOf(spec: object, value: unknown): string[] {
  return compileResourceSchema(resource(spec)).prepare({ spec: value }, { fieldValidation: 'Ignore' }).errors.map(fieldErrorText);
}

describe('unknown fields', () => {
  const schema = compileResourceSchema(
    resource({ type: 'object', properties: { a: string, list: { type: 'array', items: { type: 'object', properties: { k: string } } } } }),
  );
  const object = {
    apiVersion: 'g/v1',
    kind: 'X',
    metadata: { name: 'x', anything: 1 },
    spec: { a: '1', b: 2, list: [{ k: '1', z: 1 }] },
    extra: 1,
  };

  test('are errors under Strict, named by path, and nothing else is said', () => {
    const { errors, warnings } = schema.prepare(object, { fieldValidation: 'Strict' });
    expect(errors.map(fieldErrorText)).toEqual(['unknown field "spec.b"', 'unknown field "spec.list[0].z"', 'unknown field "extra"']);
    expect(errors.every((error) => error.unknownField)).toBe(true);
    expect(warnings).toEqual([]);
  });

  test('are warnings under Warn and silent under Ignore, and pruned in both', () => {
    const pruned = { apiVersion: 'g/v1', kind: 'X', metadata: { name: 'x', anything: 1 }, spec: { a: '1', list: [{ k: '1' }] } };
    const warned = schema.prepare(object, { fieldValidation: 'Warn' });
    expect(warned).toEqual({
      object: pruned,
      errors: [],
      warnings: ['unknown field "spec.b"', 'unknown field "spec.list[0].z"', 'unknown field "extra"'],
    });
    expect(schema.prepare(object, { fieldValidation: 'Ignore' })).toEqual({ object: pruned, errors: [], warnings: [] });
  });

  test('named like members of Object.prototype are pruned like any other', () => {
    const hostile = JSON.parse('{"spec":{"a":"1","__proto__":{"polluted":true},"constructor":{"x":1},"toString":"x"}}') as object;
    const result = schema.prepare(hostile, { fieldValidation: 'Ignore' });
    expect(JSON.stringify(result.object)).toBe('{"spec":{"a":"1"}}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('prepare', () => {
  const schema = compileResourceSchema({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        default: {},
        properties: {
          replicas: { ...integer, default: 1 },
          mode: { ...string, nullable: true, default: 'Auto' },
          nested: {
            type: 'object',
            properties: {
              deep: { type: 'object', default: { on: true }, properties: { on: { type: 'boolean' }, n: { ...integer, default: 7 } } },
            },
          },
          list: { type: 'array', items: { type: 'object', properties: { k: string, v: { ...integer, default: 3 } } } },
          map: { type: 'object', additionalProperties: { type: 'object', properties: { x: { ...integer, default: 2 } } } },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
  });

  test('changes neither its input nor what it shares with it', () => {
    const input = { spec: { nested: {}, list: [{ k: 'a', unknown: 1 }], free: { x: 1 } } };
    const copy = structuredClone(input);
    const { object } = schema.prepare(input, { fieldValidation: 'Ignore' });
    expect(input).toEqual(copy);
    expect((object as typeof input).spec.free).toBe(input.spec.free);
  });

  test('returns an object that needs nothing as it came', () => {
    const ready = { spec: { replicas: 2, mode: null, nested: { deep: { on: true, n: 1 } } } };
    expect(schema.prepare(ready, { fieldValidation: 'Strict' }).object).toBe(ready);
  });

  test('applied twice changes nothing more', () => {
    const anything = fc.jsonValue({ maxDepth: 4 });
    const part = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.option(value, { nil: undefined });
    const spec = fc.record(
      {
        replicas: part(fc.oneof(fc.integer(), anything)),
        mode: part(fc.constantFrom(null, 'x')),
        nested: part(fc.oneof(anything, fc.record({ deep: anything }, { requiredKeys: [] }))),
        list: part(fc.array(fc.oneof(anything, fc.record({ k: fc.string(), v: anything, w: anything }, { requiredKeys: [] })))),
        map: part(fc.dictionary(fc.string(), anything)),
        free: part(anything),
        other: part(anything),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.record({ spec, more: anything }, { requiredKeys: [] }), (input) => {
        const object = JSON.parse(JSON.stringify(input)) as object;
        const once = schema.prepare(object, { fieldValidation: 'Ignore' });
        const twice = schema.prepare(once.object, { fieldValidation: 'Strict' });
        expect(twice.object).toEqual(once.object);
        expect(twice.errors).toEqual(once.errors);
      }),
    );
  });

  test('refuses JSON that is nested beyond the stack instead of crashing', () => {
    const deep = (): object => JSON.parse(`{"spec":{"free":{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}}}`) as object;
    const { errors } = schema.prepare(deep(), { old: deep(), fieldValidation: 'Strict' });
    expect(errors.map(fieldErrorText)).toEqual(['<nil>: Invalid value: "": is nested too deeply']);
  });

  test('reports at most a hundred errors', () => {
    const numbers = { type: 'array', items: { ...integer, minimum: 1 } };
    expect(errorsOf(numbers, new Array(10_000).fill(0)).length).toBe(100);
  });
});

describe('patterns', () => {
  test('run in linear time, whatever the pattern: RE2, not a backtracking engine', () => {
    // (a+)+$ takes a backtracking engine 2^n steps on a…ab; 5000 characters would never end.
    expect(errorsOf({ ...string, pattern: '^(a+)+$' }, `${'a'.repeat(5_000)}b`)).toHaveLength(1);
    expect(errorsOf({ ...string, pattern: '^(a|aa)+$' }, 'a'.repeat(5_000))).toEqual([]);
  });

  test('agree with plain text matching for literals', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.stringMatching(/^[a-z]{1,3}$/), (text, part) => {
        const matched = errorsOf({ ...string, pattern: part }, text).length === 0;
        expect(matched).toBe(text.includes(part));
      }),
      { numRuns: 50 },
    );
  });

  test('that RE2 cannot run are refused with the schema', () => {
    expect(() => compileResourceSchema(resource({ ...string, pattern: '(?=x)' }))).toThrow(InvalidSchema);
    expect(() => compileResourceSchema(resource({ ...string, pattern: '(a{1000}){1000}' }))).toThrow(/must be a valid regular expression/);
  });
});

describe('rules', () => {
  const looping = (rule: string): string[] => {
    const spec = { type: 'object', properties: { l: { type: 'array', items: integer } }, 'x-kubernetes-validations': [{ rule }] };
    return errorsOf(spec, { l: Array.from({ length: 1_000 }, (_, i) => i) });
  };

  test('that loop within loops are stopped by their budget, and say so', () => {
    const [error, ...others] = looping('self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))');
    expect(error).toMatch(/spec: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules/);
    expect(others).toEqual([]);
  });

  test('that build huge texts or lists are stopped by their budget', () => {
    const doubled = (depth: number): string => (depth === 0 ? "'0123456789'" : `[${doubled(depth - 1)}].map(x, x + x)[0]`);
    expect(looping(`${doubled(26)}.size() > 0`)[0]).toContain('cost limit exceeded');
    expect(looping('self.l.map(x, self.l).map(y, y + y).size() > 0')[0]).toContain('cost limit exceeded');
    expect(
      looping(
        "self.l.map(x, 'aaaaaaaaaa').join('aaaaaaaaaa').replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa').replace('a', '0123456789').size() > 0",
      )[0],
    ).toContain('cost limit exceeded');
  });

  // Each of these took seconds to minutes while its operation was not paid for by size.
  test.each([
    "self.l.all(a, self.l.all(b, string(a).matches('[a-z]{20}([a-z]{20}x){10}y{50}' + string(b)) == false))",
    "self.l.all(a, self.l.all(b, timestamp(a).getHours('America/New_York') >= 0))",
    "self.l.all(a, self.l.all(b, isURL('http://a/b?c=d')))",
    'self.l.all(a, self.l.exists(b, a / 0 == b))',
    'self.l.all(a, self.l.all(b, dyn(self.l) != dyn(self.l + [1]).filter(x, x >= 0)))',
    "self.l.all(a, self.l.all(b, '%s'.format([self.l]) != ''))",
    'self.l.all(a, self.l.all(b, self.l.max() >= a && self.l.indexOf(b) >= 0))',
  ])('that do costly work in a loop are stopped by their budget: %s', (rule) => {
    expect(looping(rule)[0]).toContain('cost limit exceeded');
  });

  test('share one budget for the whole object', () => {
    const rules = Array.from({ length: 10 }, () => ({ rule: 'self.all(a, self.all(b, a + b >= 0))' }));
    const spec = { type: 'array', items: integer, 'x-kubernetes-validations': rules };
    const errors = errorsOf(spec, new Array(350).fill(1));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('cost limit exceeded');
  });

  test('that are longer or nested deeper than the limits are refused with the schema', () => {
    const compiling = (rule: string) => () =>
      compileResourceSchema(resource({ type: 'object', properties: { a: integer }, 'x-kubernetes-validations': [{ rule }] }));
    expect(compiling(`self.a == ${'1 + '.repeat(5_000)}1`)).toThrow(/longer than 16384 characters/);
    expect(compiling(`self.a == ${'1 + '.repeat(1_000)}1`)).toThrow(/nested too deeply/);
    expect(compiling(`self.a == ${'('.repeat(500)}1${')'.repeat(500)}`)).toThrow(/maxDepth/);
    expect(compiling(`${'!'.repeat(15_000)}true`)).toThrow(InvalidSchema);
  });

  test('on parts that did not change are not run again, unless they read oldSelf', () => {
    const schema = compileResourceSchema({
      type: 'object',
      properties: {
        a: { ...integer, 'x-kubernetes-validations': [{ rule: 'self < 3', message: 'too large' }] },
        b: { ...integer, 'x-kubernetes-validations': [{ rule: 'self > oldSelf', message: 'has to grow' }] },
        c: integer,
      },
    });
    const { errors } = schema.prepare({ a: 9, b: 1, c: 2 }, { old: { a: 9, b: 1, c: 1 }, fieldValidation: 'Strict' });
    expect(errors.map(fieldErrorText)).toEqual(['b: Invalid value: "integer": has to grow']);
  });
});

test('several errors are told together, repeated ones once', () => {
  const schema = compileResourceSchema(resource({ type: 'object', required: ['a', 'b'], properties: { a: string, b: string } }));
  const { errors } = schema.prepare({ spec: {} }, { fieldValidation: 'Strict' });
  expect(fieldErrorsText([...errors, ...errors])).toBe('[spec.a: Required value, spec.b: Required value]');
});

test('a refused value is quoted, but not at any length', () => {
  const [error] = errorsOf({ ...string, pattern: '^b' }, 'a'.repeat(100_000));
  expect(error?.length).toBeLessThan(1_200);
});
