import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { serviceAccountOwner } from './service-account-owner.ts';

const directory = mkdtempSync(join(tmpdir(), 'kdr-owner-'));
afterAll(() => rmSync(directory, { recursive: true }));

const file = join(directory, 'token');
const owner = (text: string, namespace = 'a') => {
  writeFileSync(file, text);
  return serviceAccountOwner(file, namespace);
};
const token = (claims: unknown) =>
  ['{"alg":"RS256"}', JSON.stringify(claims), 'signature'].map((part) => Buffer.from(part).toString('base64url')).join('.');
const account = (namespace: unknown, serviceaccount: unknown) => token({ 'kubernetes.io': { namespace, serviceaccount } });

it('is the account that the token names', () => {
  expect(owner(account('a', { name: 'worker', uid: 'u-1' }))).toEqual({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    name: 'worker',
    uid: 'u-1',
  });
});

it('is none of another namespace: the garbage collector would take the object for an orphan', () => {
  expect(owner(account('b', { name: 'worker', uid: 'u-1' }))).toBeUndefined();
});

it.each([
  ['no file is named', undefined],
  ['it is no JWT', 'plain-token'],
  ['its claims are no JSON', 'a.b.c'],
  ['its claims are no object', token(null)],
  ['it is not of a ServiceAccount', token({ sub: 'someone' })],
  ['the account has no name', account('a', { uid: 'u-1' })],
  ['the account has no uid', account('a', { name: 'worker', uid: '' })],
  ['the account is odd', account('a', { name: 1, uid: {} })],
])('is none where %s', (_, text) => {
  expect(text === undefined ? serviceAccountOwner(undefined, 'a') : owner(text)).toBeUndefined();
});

it('is none where the file can’t be read', () => {
  expect(serviceAccountOwner(join(directory, 'absent'), 'a')).toBeUndefined();
});
