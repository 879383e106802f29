import { expect, it } from 'vitest';
import { parseDuration } from './duration.ts';

it.each([
  ['90s', 90],
  ['30m', 1800],
  ['1h30m', 5400],
  ['7d', 604_800],
])('%s is %i s', (text, seconds) => expect(parseDuration(text)).toBe(seconds));

it.each(['', '5', 'h', '5 m', '1h-3m', '-1h'])('refuses "%s"', (text) => expect(() => parseDuration(text)).toThrow(/no duration/));
