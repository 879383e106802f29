import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StatusError } from '../api/status-error.ts';
import { parseLabelSelector } from './label-selector.ts';

it.each([
  ['a', { a: '' }, true],
  ['!a', { a: '' }, false],
  ['!a', {}, true],
  ['a=', { a: '' }, true],
  ['a = b , c', { a: 'b', c: 'd' }, true],
  ['a!=b', {}, true],
  ['a notin (b, c)', { a: 'd' }, true],
  ['a notin (b,c)', {}, true],
  ['a in (b,)', { a: '' }, true],
  ['example.com/a in (b)', { 'example.com/a': 'b' }, true],
  ['a>5', { a: '10' }, true],
  ['a<5', { a: '10' }, false],
  ['a>5', { a: 'x' }, false],
  ['constructor', {}, false],
])('%s selects %j: %s', (selector, labels, expected) => {
  expect(parseLabelSelector(selector)!(labels as Record<string, string>)).toBe(expected);
});

it('has nothing to say when it is empty', () => {
  expect(parseLabelSelector('')).toBeUndefined();
});

it.each(['a in (b', 'a in b', 'a b', '=b', 'a=b=c', 'a>x', '-a', 'a=-b', 'a,,b', 'in (a)', 'a in ((b))'])('refuses %s', (selector) => {
  expect(() => parseLabelSelector(selector)).toThrowError(StatusError);
});

it('never fails but with a Status, whatever it is given', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab=!<>(),/. in') }), (text) => {
      try {
        parseLabelSelector(text)?.({ a: 'b' });
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError);
      }
    }),
  );
});

it('says of an in what several equalities say together', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abc'), minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(word, fc.array(word, { minLength: 1, maxLength: 4 }), fc.dictionary(word, word), (key, values, labels) => {
      const any = values.some((value) => parseLabelSelector(`${key}=${value}`)!(labels));
      expect(parseLabelSelector(`${key} in (${values.join(',')})`)!(labels)).toBe(any);
      expect(parseLabelSelector(`${key} notin (${values.join(',')})`)!(labels)).toBe(!any);
    }),
  );
});
