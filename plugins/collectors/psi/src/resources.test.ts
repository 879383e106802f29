import type { Pressure } from '@kdr/linux';
import { expect, test } from 'vitest';
import { between, lookAt } from './resources.ts';

const enabled = (totalMicroseconds: number): Pressure => ({ state: 'Enabled', some: { avg10: 1, avg60: 2, avg300: 3, totalMicroseconds } });

test('gives the share of the time between two looks', () => {
  const { cpu } = between(
    lookAt(() => enabled(1_000_000)),
    lookAt(() => enabled(1_250_000)),
    1_000_000,
  );
  expect(cpu).toEqual({ state: 'Enabled', some: { avg10: 1, avg60: 2, avg300: 3, now: 25 } });
});

test('gives no share where the counter went back: it is another cgroup', () => {
  expect(
    between(
      lookAt(() => enabled(5)),
      lookAt(() => enabled(1)),
      1_000_000,
    ).io.some,
  ).toEqual({ avg10: 1, avg60: 2, avg300: 3 });
});

test('says why a resource is not measured', () => {
  const disabled: Pressure = { state: 'Disabled', reason: 'psi=0' };
  expect(
    between(
      lookAt(() => disabled),
      lookAt(() => disabled),
      1,
    ).memory,
  ).toEqual({ state: 'Disabled', reason: 'psi=0' });
});
