import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineSplitter } from './line-splitter.ts';

describe('the line splitter', () => {
  it('gives the same lines however the bytes are cut into chunks', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(400)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const seen: string[] = [];
        const splitter = createLineSplitter(1_000_000);
        for (let i = 1; i < edges.length; i += 1) splitter.push(bytes.subarray(edges[i - 1], edges[i]), (text) => seen.push(text));
        expect(seen).toEqual(lines.filter((text) => text !== ''));
        expect(splitter.unfinished).toBe(false);
      }),
    );
  });

  it('says that a line is unfinished', () => {
    const splitter = createLineSplitter(10);
    splitter.push(Buffer.from('a\nb'), () => undefined);
    expect(splitter.unfinished).toBe(true);
  });

  it('refuses a line beyond the limit before it is complete, and takes one of exactly the limit', () => {
    const seen: string[] = [];
    const splitter = createLineSplitter(4);
    splitter.push(Buffer.from('abcd\nab'), (text) => seen.push(text));
    splitter.push(Buffer.from('cd\n'), (text) => seen.push(text));
    expect(seen).toEqual(['abcd', 'abcd']);
    expect(() => splitter.push(Buffer.from('abcde'), () => undefined)).toThrow(RangeError);
    expect(() => createLineSplitter(4).push(Buffer.from('abcde\n'), () => undefined)).toThrow(RangeError);
  });
});
