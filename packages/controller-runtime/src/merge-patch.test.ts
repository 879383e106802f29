import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergePatch } from './merge-patch.ts';

/** RFC 7386, section 2, word for word. */
function apply(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else Object.defineProperty(result, key, { value: apply(result[key], value), enumerable: true, configurable: true, writable: true });
  }
  return result;
}

describe('the merge patch', () => {
  const { json } = fc.letrec((tie) => ({
    // Null has no place: the format cannot say it, and the API server keeps none.
    json: fc.oneof({ maxDepth: 4 }, fc.integer(), fc.string(), fc.boolean(), fc.array(tie('json'), { maxLength: 3 }), tie('object')),
    object: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('json'), { maxKeys: 4, noNullPrototype: true }),
  }));

  it('turns the one into the other, and is undefined exactly when they are equal', () => {
    fc.assert(
      fc.property(json, json, (from, to) => {
        const patch = mergePatch(from, to);
        if (patch === undefined) expect(from).toEqual(to);
        else expect(apply(from, patch)).toEqual(to);
        expect(mergePatch(to, to)).toBeUndefined();
      }),
    );
  });

  it('sends no more than what differs', () => {
    const from = { phase: 'A', deep: { x: 1, y: 2 }, list: [1], gone: true };
    expect(mergePatch(from, { phase: 'A', deep: { x: 1, y: 3 }, list: [1, 2] })).toEqual({ deep: { y: 3 }, list: [1, 2], gone: null });
  });

  it('treats undefined as absent, on both sides', () => {
    expect(mergePatch({ a: undefined }, { a: undefined, b: undefined })).toBeUndefined();
    expect(mergePatch({ a: 1 }, { a: undefined })).toEqual({ a: null });
    expect(mergePatch(undefined, { a: { b: undefined } })).toEqual({ a: {} });
  });

  it('treats null as absent: the API server keeps none, so it would be written for ever', () => {
    expect(mergePatch({}, { a: null })).toBeUndefined();
    expect(mergePatch({ a: 1, b: null }, { a: null })).toEqual({ a: null });
  });

  it('does not let a key called __proto__ reach the prototype', () => {
    const patch = mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}'));
    expect(Object.keys(patch as object)).toEqual(['__proto__']);
    expect((patch as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
