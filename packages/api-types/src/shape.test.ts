import { describe, expect, it } from 'vitest';
import { DiagnoseAnswer } from './protocol/diagnose.ts';
import { Manifest } from './protocol/manifest.ts';
import { ActAnswer } from './protocol/recover.ts';
import { CollectAnswer } from './protocol/collect.ts';
import { readAnswer, shapeError } from './shape.ts';

describe('shapeError', () => {
  const manifest = {
    name: 'a',
    role: 'collector',
    version: '1',
    protocols: ['v1'],
    scope: 'node',
    needs: [],
    intrusive: [],
    privileges: [],
  };

  it('finds nothing wrong with a manifest', () => {
    expect(shapeError(Manifest, manifest)).toBeUndefined();
  });

  it('names the field and the words that it may be', () => {
    expect(shapeError(Manifest, { ...manifest, role: 'source' })).toBe('role: Expected one of collector, diagnoser, recoverer');
    expect(shapeError(Manifest, { ...manifest, parameters: [] })).toBe('parameters: Expected object');
    expect(shapeError(Manifest, null)).toContain('the whole');
  });
});

describe('readAnswer', () => {
  it('takes over what the schema knows and nothing else', () => {
    const foreign = { outcome: 'Collected', summary: 's', data: { deep: { a: 1 } }, spec: { cancel: true }, metadata: { uid: 'x' } };
    expect(readAnswer(CollectAnswer, foreign)).toEqual({ answer: { outcome: 'Collected', summary: 's', data: { deep: { a: 1 } } } });
  });

  it('refuses an outcome that this call may not have', () => {
    expect(readAnswer(ActAnswer, { outcome: 'Planned', actions: [] })).toEqual({
      error: 'outcome: Expected one of Acted, NotApplicable, TargetGone, Failed, not "Planned"',
    });
    expect(readAnswer(ActAnswer, 7)).toHaveProperty('error');
  });

  it('names the field of the variant that the outcome chose', () => {
    expect(readAnswer(DiagnoseAnswer, { outcome: 'NotIdentified' })).toEqual({ error: 'reason: Expected required property' });
  });
});
