import { expect, it } from 'vitest';
import { humanDuration } from './age.ts';

// The cases of apimachinery's TestHumanDuration (k8s.io/apimachinery/pkg/util/duration).
it.each([
  [0, '0s'],
  [1_000, '1s'],
  [70_000, '70s'],
  [190_000, '3m10s'],
  [70 * 60_000, '70m'],
  [47 * 3_600_000, '47h'],
  [49 * 3_600_000, '2d1h'],
  [(8 * 24 + 2) * 3_600_000, '8d'],
  [367 * 86_400_000, '367d'],
  [(365 * 2 + 25) * 86_400_000, '2y25d'],
  [(365 * 8 + 2) * 86_400_000, '8y'],
  [-5_000, '<invalid>'],
])('%i ms is %s', (ms, text) => expect(humanDuration(ms)).toBe(text));
