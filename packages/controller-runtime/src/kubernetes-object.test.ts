import { describe, expect, it } from 'vitest';
import { objectKey, splitKey } from './kubernetes-object.ts';

describe('object keys', () => {
  it('are made and taken apart', () => {
    expect(objectKey({ metadata: { namespace: 'a', name: 'b' } })).toBe('a/b');
    expect(objectKey({ metadata: { name: 'b' } })).toBe('b');
    expect([splitKey('a/b'), splitKey('b')]).toEqual([{ namespace: 'a', name: 'b' }, { name: 'b' }]);
    expect(() => objectKey({})).toThrow(TypeError);
  });
});
