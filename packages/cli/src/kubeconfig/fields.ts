import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { KdrError } from '@kdr/api-types';
import type { Entry } from './load.ts';

/**
 * A text of an entry; an empty one counts as absent, as with kubectl.
 * @throws KdrError KDR_CLI_USAGE where it is something else.
 */
export function textField(entry: Entry, name: string): string | undefined {
  const value = entry.value[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw wrong(entry, `${name} must be text (in quotes, where it looks like a number)`);
  return value;
}

/** A yes or no; absent is no. */
export function flagField(entry: Entry, name: string): boolean {
  const value = entry.value[name] ?? false;
  if (typeof value !== 'boolean') throw wrong(entry, `${name} must be true or false`);
  return value;
}

/** A list of texts; absent is empty. */
export function listField(entry: Entry, name: string): string[] {
  const value = entry.value[name] ?? [];
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string')) throw wrong(entry, `${name} must be a list of texts`);
  return value as string[];
}

/** What stands in `NAME-data` (base64) or in the file that `NAME` is the path of. */
export function dataField(entry: Entry, name: string): string | undefined {
  const data = textField(entry, `${name}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const path = pathField(entry, name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new KdrError('KDR_CLI_USAGE', `${entry.file}: ${name} can't be read: ${(cause as Error).message}`, { cause });
  }
}

/** A path, from the directory of the kubeconfig where it is relative. */
export function pathField(entry: Entry, name: string): string | undefined {
  const path = textField(entry, name);
  return path === undefined ? undefined : resolve(dirname(entry.file), path);
}

/** The error of an entry that can't be used. */
export function wrong(entry: Entry, why: string): KdrError {
  return new KdrError('KDR_CLI_USAGE', `${entry.file}: ${why}`);
}
