import { expect, test } from 'vitest';
import { type Origin, ownDump } from './own-dump.ts';
import { readFixture } from './read-fixture.ts';

const text = readFixture('g-debian-containerd-shim-runc-v2-1.6.20-healthy.txt');
const deadlocked = readFixture('a-deadlocked-v1.2.0-go1.26-1.txt.gz');
const daemon = readFixture('h-containerd-1.6.20-sigusr1.txt');
const field = (log: string, name: string) => new RegExp(`\\b${name}=(\\S+)`).exec(log.slice(log.lastIndexOf('=== END')))?.[1] ?? '';
const originOf = (log: string): Origin => ({
  pid: Number(field(log, 'pid')),
  namespace: field(log, 'namespace'),
  bundle: field(log, 'path'),
});

test('finds the dump of its shim among those of others', () => {
  const log = deadlocked + text + daemon;
  expect(ownDump(log, originOf(text), false)).toMatchObject({ pid: originOf(text).pid, complete: true });
  expect(ownDump(log, originOf(deadlocked), false)).toMatchObject({ pid: originOf(deadlocked).pid, complete: true });
});

test('takes none of another pid, namespace or bundle', () => {
  const origin = originOf(text);
  expect(ownDump(text, { ...origin, pid: origin.pid + 1 }, false)).toBeUndefined();
  expect(ownDump(text, { ...origin, namespace: 'other' }, false)).toBeUndefined();
  expect(ownDump(text, { ...origin, bundle: '/run/other' }, true)).toBeUndefined();
});

test('takes one that names nobody only where nobody else writes', () => {
  expect(ownDump(daemon, originOf(text), false)).toBeUndefined();
  expect(ownDump(daemon, originOf(text), true)).toBeDefined();
});

test('gives a dump whose end is missing as not complete', () => {
  expect(ownDump(text.slice(0, text.length / 2), originOf(text), true)).not.toMatchObject({ complete: true });
});
