import { describe, expect, it } from 'vitest';
import { wrap } from './screen.ts';

describe('text for a terminal', () => {
  it('is broken at spaces, with what follows two further in than its line', () => {
    expect(wrap('  one two three four', 12)).toBe('  one two\n    three\n    four');
    expect(wrap('short\n  one two three', 12)).toBe('short\n  one two\n    three');
  });
  it('keeps a word whole that is longer than a line', () => {
    expect(wrap('see /a/very/long/path now', 10)).toBe('see\n  /a/very/long/path\n  now');
    expect(wrap('/a/very/long/path', 5)).toBe('/a/very/long/path');
  });
  it('is as long as it looks: colours take no room', () => {
    expect(wrap('one \u001b[1mtwo\u001b[22m three', 13)).toBe('one \u001b[1mtwo\u001b[22m three');
  });
});
