import { describe, expect, it } from 'vitest';
import { microTime, secondsTime } from './micro-time.ts';

describe('times', () => {
  it('are written as Kubernetes reads them', () => {
    const date = new Date('2024-05-06T07:08:09.123Z');
    expect([microTime(date), secondsTime(date)]).toEqual(['2024-05-06T07:08:09.123000Z', '2024-05-06T07:08:09Z']);
  });
});
