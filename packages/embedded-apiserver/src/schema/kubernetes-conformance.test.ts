import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { InvalidSchema, fieldErrorText } from './field-error.ts';
import { compileResourceSchema } from './resource-schema.ts';

interface RecordedCase {
  object: object;
  old?: object;
  status?: boolean;
  prepared?: object;
  unknown?: string[];
  errors: string[];
}

interface RecordedSchema {
  name: string;
  schema: object;
  refused?: string[];
  cases?: RecordedCase[];
}

interface RecordedExpressions {
  schema: object;
  self: object;
  expressions: Record<string, string>;
}

// Answers of Kubernetes 1.34.2 itself; see fixtures/README.md.
function recorded<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')) as T[];
}

// The rule is quoted as Go prints its struct, and syntax errors are the parser's own.
function comparable(text: string): string {
  return text
    .replace(/Invalid value: \{.*?\}: /s, 'Invalid value: {…}: ')
    .replaceAll(/invalid matches argument: .*$/gm, 'invalid matches argument')
    .trim();
}

const schemas = recorded<RecordedSchema>('schemas.json');

describe('objects are pruned, defaulted and refused as Kubernetes 1.34.2 does it', () => {
  for (const { name, schema, cases } of schemas.filter((group) => group.refused === undefined)) {
    test.each((cases ?? []).map((recordedCase) => [JSON.stringify(recordedCase.object), recordedCase] as const))(
      `${name}: %s`,
      (_, each) => {
        const result = compileResourceSchema(schema).prepare(each.object, {
          fieldValidation: 'Warn',
          ...(each.old === undefined ? {} : { old: each.old }),
          ...(each.status === true ? { subresource: 'status' as const } : {}),
        });
        expect(result.object).toEqual(each.prepared ?? each.object);
        expect(result.warnings.toSorted()).toEqual((each.unknown ?? []).map((path) => `unknown field "${path}"`).sort());
        expect([...new Set(result.errors.map(fieldErrorText))].sort()).toEqual([...new Set(each.errors)].sort());
      },
    );
  }
});

describe('schemas are refused with the errors of Kubernetes 1.34.2', () => {
  test.each(schemas.flatMap(({ name, schema, refused }) => (refused === undefined ? [] : [[name, schema, refused] as const])))(
    '%s',
    (_, schema, refused) => {
      let errors: readonly string[] = [];
      try {
        compileResourceSchema(schema);
      } catch (cause) {
        if (!(cause instanceof InvalidSchema)) throw cause;
        errors = cause.errors.map(fieldErrorText);
      }
      expect(errors.map(comparable).sort()).toEqual(refused.map(comparable).sort());
    },
  );
});

describe('CEL expressions give what Kubernetes 1.34.2 gives', () => {
  for (const { schema, self, expressions } of recorded<RecordedExpressions>('expressions.json')) {
    test.each(Object.entries(expressions))('%s', (expression, wanted) => {
      expect(outcome({ ...schema, 'x-kubernetes-validations': [{ rule: expression, message: 'does not hold' }] }, self)).toBe(wanted);
    });
  }
});

function outcome(spec: object, self: object): string {
  try {
    const { errors } = compileResourceSchema({ type: 'object', properties: { spec } }).prepare(
      { spec: self },
      { fieldValidation: 'Ignore' },
    );
    const message = errors[0]?.message.replace('Invalid value: "object": ', '');
    if (message === undefined) return 'true';
    if (message === 'does not hold') return 'false';
    return `error: ${message.split(' evaluating rule: ')[0]?.split(': call arguments did not match')[0]}`;
  } catch (cause) {
    if (!(cause instanceof InvalidSchema)) throw cause;
    return `refused: ${cause.errors[0]?.message.split('compilation failed: ERROR: ')[1]?.split('\n')[0]}`;
  }
}
