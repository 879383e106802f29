import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Platform } from '../demo/platform.ts';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..');

/** The agent's own program, as built, against a running platform. */
export function startAgentProcess(platform: Platform, node: string, stateDirectory: string): ChildProcess {
  const { clusters } = parse(readFileSync(platform.kubeconfig, 'utf8')) as { clusters: { cluster: { server: string } }[] };
  const tokens = JSON.parse(readFileSync(join(platform.stateDirectory, 'tokens.json'), 'utf8')) as { user: string };
  const tokenFile = join(platform.stateDirectory, 'bench-agent.token');
  writeFileSync(tokenFile, tokens.user, { mode: 0o600 });
  return spawn(process.execPath, [join(root, 'packages', 'agent', 'dist', 'main.js')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      KDR_SERVER: clusters[0]?.cluster.server,
      KDR_TOKEN_FILE: tokenFile,
      KDR_CA_FILE: join(platform.stateDirectory, 'ca.crt'),
      KDR_NODE_NAME: node,
      KDR_STATE_DIR: stateDirectory,
      KDR_SOCKET_DIR: stateDirectory,
      KDR_PROBE_PORT: '0',
      KDR_LOG_LEVEL: 'error',
    },
  });
}

/** The peer's program. */
export function startPeerProcess(platform: Platform): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'peers', 'client-node-agent.ts'), platform.kubeconfig], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
