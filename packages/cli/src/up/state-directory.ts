import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { KdrError } from '@kdr/api-types';

/** Where `kdr up` keeps everything: one directory, so that it can be looked at, backed up and removed. */
export interface StateDirectory {
  root: string;
  /** SQLite database and certificates of the API server. */
  apiserver: string;
  /** Journal, lock, artifacts and collected information of the agent. */
  agent: string;
  /** Sockets of the plugins. */
  plugins: string;
  /** The recoverers' records of what they did: must outlive them. */
  attempts: string;
  /** Socket of the agent. */
  run: string;
  /** Kubeconfig of the user, 0600. */
  kubeconfig: string;
  /** Bearer tokens of every identity, 0600. */
  tokens: string;
  /** Token file for sources of one’s own, 0600. */
  sourceToken: string;
  /** Certificate of the API server’s authority. */
  ca: string;
}

/** A unix socket’s path holds 107 bytes (unix(7)); the longest name of a plugin must still fit. */
const LONGEST_SOCKET_NAME = 48;

/** The places below a root; nothing is made. */
export function statePaths(root: string): StateDirectory {
  return {
    root,
    apiserver: join(root, 'apiserver'),
    agent: join(root, 'agent'),
    run: join(root, 'run'),
    plugins: join(root, 'run', 'plugins'),
    attempts: join(root, 'attempts'),
    kubeconfig: join(root, 'kubeconfig'),
    tokens: join(root, 'tokens.json'),
    sourceToken: join(root, 'source.token'),
    ca: join(root, 'ca.crt'),
  };
}

/**
 * Makes the directories, readable by their owner only.
 * @throws KdrError KDR_CLI_USAGE where the path is too long for unix sockets.
 */
export function makeStateDirectory(root: string): StateDirectory {
  const paths = statePaths(root);
  if (Buffer.byteLength(paths.plugins) + 1 + LONGEST_SOCKET_NAME > 107) {
    throw new KdrError(
      'KDR_CLI_USAGE',
      `the state directory ${root} is too long for unix sockets (107 bytes with a plugin's name): choose a shorter one with --state-dir`,
    );
  }
  for (const path of [paths.root, paths.apiserver, paths.agent, paths.run, paths.plugins, paths.attempts])
    mkdirSync(path, { recursive: true, mode: 0o700 });
  return paths;
}
