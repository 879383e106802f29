import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { createProgram } from '../program.ts';
import { candidates } from './candidates.ts';

const program = createProgram({
  config: {
    stateDirectory: '/x',
    kubeconfigs: [],
    serviceAccount: '/x',
    kdrNamespace: 'kdr-system',
    webhookName: 'kdr',
    user: 'me',
    logLevel: 'warn',
    env: {},
  },
  out: { print: () => undefined, note: () => undefined, color: false, width: 80 },
  signal: new AbortController().signal,
  stdin: Readable.from([]),
});
const complete = (...line: string[]) => candidates(program, line);

it.each([
  [['che'], ['check']],
  [['plugins', 'a'], ['add']],
  [
    ['get', 'abno'],
    ['abnormals', 'abnormalsources'],
  ],
  [
    ['get', 'abn,di'],
    ['abn,diag', 'abn,diagnosers'],
  ],
  [['get', 'k'], ['kdr']],
  [['get', '--out'], ['--output']],
  [['get', 'abn', '-o', 'j'], ['json']],
  [
    ['check', '-o', ''],
    ['json', 'text', 'yaml'],
  ],
  [['nonsense', ''], []],
  [['__'], []],
])('kdr %j', (line, words) => expect(complete(...line).words).toEqual(words));

it('knows where names stand, and where to ask for them', () => {
  expect(complete('get', '-n', 'team', 'diag', 'x')).toMatchObject({ namesOf: { kind: 'Diagnoser' }, flags: { namespace: 'team' } });
  expect(complete('explain', '--context=c', '')).toMatchObject({ namesOf: { kind: 'Abnormal' }, flags: { context: 'c' } });
  expect(complete('release', '')).toMatchObject({ namesOf: { kind: 'RecoveryHold' } });
  expect(complete('get', 'bogus', '')).toEqual({ words: [], namesOf: undefined, flags: {} });
});
