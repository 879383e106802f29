import { describe, expect, it } from 'vitest';
import { type SelectionFlags, wantedOf } from './selection.ts';

const plain = (args: string[], flags: SelectionFlags = {}) => wantedOf(args, flags).map(({ kind, names }) => [kind.kind, ...names]);

describe('what is to be got', () => {
  it.each<[string[], string[][]]>([
    [['abn'], [['Abnormal']]],
    [['abn', 'a', 'b'], [['Abnormal', 'a', 'b']]],
    [['abn,diag'], [['Abnormal'], ['Diagnoser']]],
    [['diagnosers.kdr.dev'], [['Diagnoser']]],
    [
      ['abn/a', 'diag/d', 'abnormal/b'],
      [
        ['Abnormal', 'a', 'b'],
        ['Diagnoser', 'd'],
      ],
    ],
  ])('%j', (args, wanted) => expect(plain(args)).toEqual(wanted));

  it('is every kind with the category, each once', () => {
    expect(plain(['kdr'])).toHaveLength(9);
    expect(plain(['abn,kdr'])).toHaveLength(9);
  });

  it.each<[string[], SelectionFlags, RegExp]>([
    [['nonsense'], {}, /there is no kind "nonsense".*all of them: kdr/],
    [['abn', 'a'], { allNamespaces: true }, /cannot be retrieved by name across all namespaces/],
    [['abn', 'a'], { selector: 'x=y' }, /name cannot be provided when a selector is specified/],
    [['abn/a', 'b'], {}, /"b" is not KIND\/NAME/],
    [['abn/a/b'], {}, /is not KIND\/NAME/],
  ])('%j %j is refused', (args, flags, says) =>
    expect(() => plain(args, flags)).toThrow(
      expect.objectContaining({ code: 'KDR_CLI_USAGE', message: expect.stringMatching(says) as string }),
    ),
  );
});
