import { expect, it } from 'vitest';
import { createSortedTimes } from './sorted-times.ts';

it('counts what is later than a moment, whatever the order in which it came', () => {
  const times = createSortedTimes();
  for (const time of [5, 1, 9, 3, 9, 7]) times.add(time);
  expect(times.after(0)).toEqual({ count: 6, earliest: 1 });
  expect(times.after(5)).toEqual({ count: 3, earliest: 7 });
  expect(times.after(9)).toEqual({ count: 0, earliest: undefined });
});

it('forgets one of equal moments at a time, and ignores what it does not know', () => {
  const times = createSortedTimes();
  for (const time of [1, 9, 9]) times.add(time);
  times.remove(9);
  times.remove(4);
  expect(times.after(0)).toEqual({ count: 2, earliest: 1 });
});
