import { readFileSync, statSync } from 'node:fs';
import { KdrError } from '@kdr/api-types';
import { parse } from 'yaml';

/** A named cluster, user or context, and the file that it stands in: relative paths start at that file's directory. */
export interface Entry {
  file: string;
  value: Record<string, unknown>;
}

/** Several kubeconfig files as one. */
export interface Kubeconfig {
  /** The files that were found. */
  files: string[];
  currentContext: string | undefined;
  clusters: Map<string, Entry>;
  users: Map<string, Entry>;
  contexts: Map<string, Entry>;
}

/** A kubeconfig holds some certificates; a larger file is something else. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Reads kubeconfig files and merges them as kubectl does: files that are not there are passed over, and of two entries with one name the first
 * wins, as does the first `current-context`.
 * @throws KdrError KDR_CLI_USAGE for a file that is no kubeconfig.
 */
export function loadKubeconfig(files: readonly string[]): Kubeconfig {
  const merged: Kubeconfig = { files: [], currentContext: undefined, clusters: new Map(), users: new Map(), contexts: new Map() };
  for (const file of files) {
    const config = readFile(file);
    if (config === undefined) continue;
    merged.files.push(file);
    const current = config['current-context'];
    if (merged.currentContext === undefined && typeof current === 'string' && current !== '') merged.currentContext = current;
    add(merged.clusters, config, 'cluster', file);
    add(merged.users, config, 'user', file);
    add(merged.contexts, config, 'context', file);
  }
  return merged;
}

function add(into: Map<string, Entry>, config: Record<string, unknown>, what: string, file: string): void {
  const list = config[`${what}s`] ?? [];
  if (!Array.isArray(list)) throw new KdrError('KDR_CLI_USAGE', `${file}: ${what}s must be a list`);
  for (const item of list as unknown[]) {
    if (!isObject(item) || typeof item.name !== 'string')
      throw new KdrError('KDR_CLI_USAGE', `${file}: every item of ${what}s must have a name`);
    const value = item[what] ?? {};
    if (!isObject(value)) throw new KdrError('KDR_CLI_USAGE', `${file}: ${what} "${item.name}" must be an object`);
    if (!into.has(item.name)) into.set(item.name, { file, value });
  }
}

function readFile(file: string): Record<string, unknown> | undefined {
  try {
    if (statSync(file).size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`);
    const config: unknown = parse(readFileSync(file, 'utf8'));
    return isObject(config) ? config : {};
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new KdrError('KDR_CLI_USAGE', `${file} can't be read as a kubeconfig: ${(cause as Error).message}`, { cause });
  }
}

/** Whether a value of YAML or JSON is a map. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
