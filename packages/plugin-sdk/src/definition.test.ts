import { Type } from '@sinclair/typebox';
import { describe, expect, it } from 'vitest';
import { defineCollector, defineDiagnoser, defineRecoverer } from './index.ts';
import { readParameters } from './parameters.ts';

const diagnose = () => ({ outcome: 'NotIdentified', reason: 'nothing' }) as const;

describe('a definition', () => {
  it('becomes a manifest with everything that it said', () => {
    const { manifest } = defineDiagnoser({
      ...{ name: 'all', version: '1.2.3', description: 'd', priority: 7, scope: 'cluster', timeoutSeconds: 20, diagnose },
      ...{ needs: ['process', { collector: 'container', required: false }], intrusive: ['Signal'], privileges: ['root'] },
      match: { faults: ['Pod*'], expression: 'abnormal.spec.fault != "X"' },
      parameters: Type.Object({ n: Type.Integer({ minimum: 1 }) }),
    });
    expect(manifest).toMatchObject({
      ...{ name: 'all', role: 'diagnoser', version: '1.2.3', protocols: ['v1'], scope: 'cluster', priority: 7, timeoutSeconds: 20 },
      needs: [
        { collector: 'process', required: true },
        { collector: 'container', required: false },
      ],
      ...{ intrusive: ['Signal'], privileges: ['root'], parameters: { type: 'object', properties: { n: { minimum: 1 } } } },
    });
  });

  it.each([
    ['name', { name: 'Not A Name' }, 'name: Expected string to match'],
    ['a missing function', { diagnose: undefined }, 'diagnose: a function is required'],
    ['priority', { priority: -1 }, 'priority: Expected integer'],
    ['intrusive', { intrusive: ['Kill'] }, 'intrusive.0: Expected one of Signal'],
    ['match', { match: { expression: 'abnormal.(' } }, 'match.expression'],
    ['parameters', { parameters: Type.String() }, 'parameters: a Type.Object'],
    ['concurrency', { concurrency: 0 }, 'concurrency: a whole number'],
    ['needs', { needs: ['not a name'] }, 'needs.0.collector'],
  ])('with a wrong %s is refused at once, naming the field', (_, wrong, text) => {
    const definition = { name: 'a', diagnose, ...wrong } as unknown as Parameters<typeof defineDiagnoser>[0];
    expect(() => defineDiagnoser(definition)).toThrow(
      expect.objectContaining({ code: 'KDR_INVALID_PLUGIN', message: expect.stringContaining(text) }),
    );
  });

  it('of a recoverer needs plan and act, of a collector collect', () => {
    expect(() => defineRecoverer({ name: 'r', plan: diagnose } as never)).toThrow('act: a function is required');
    expect(() => defineCollector({ name: 'c' } as never)).toThrow('collect: a function is required');
  });
});

describe('parameters', () => {
  const schema = Type.Object({ threshold: Type.Number({ default: 0.9 }), nested: Type.Optional(Type.Object({ a: Type.String() })) });

  it('get their defaults, and leave out what the plugin does not name', () => {
    const given = { foreign: 1, nested: { a: 'x', b: 2 } };
    expect(readParameters(schema, given)).toEqual({ threshold: 0.9, nested: { a: 'x' } });
    expect(given).toEqual({ foreign: 1, nested: { a: 'x', b: 2 } });
  });

  it('of the wrong type are refused, naming the field; nothing is converted', () => {
    expect(() => readParameters(schema, { threshold: '0.5' })).toThrow(
      expect.objectContaining({ code: 'KDR_PARAMETERS_INVALID', message: 'parameters.threshold: Expected number' }),
    );
  });
});
