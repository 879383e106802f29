import { expect, it } from 'vitest';
import { rendezvous } from './rendezvous.ts';

const keys = Array.from({ length: 1000 }, (_, index) => `uid-${index}`);

it('moves only the keys of a node that goes', () => {
  const before = keys.map((key) => rendezvous(key, ['a', 'b', 'c']));
  const after = keys.map((key) => rendezvous(key, ['a', 'b']));
  for (const [index, node] of before.entries()) if (node !== 'c') expect(after[index]).toBe(node);
  expect(before.filter((node) => node === 'c').length).toBeGreaterThan(200);
});

it('has no answer without nodes', () => expect(rendezvous('x', [])).toBeUndefined());
