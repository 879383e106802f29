import { join } from 'node:path';
import { requireProgram } from '../faults/program-path.ts';
import { answers } from './answers.ts';
import { startHostDaemon, type Daemon } from './daemon.ts';
import { freePort } from './free-port.ts';
import type { RunDirectory } from './run-directory.ts';

/** Starts etcd on loopback. Nothing waits for the disk: what a crash of the machine loses was a test's. */
export async function startEtcd(at: RunDirectory, flags: readonly string[] = []): Promise<{ daemon: Daemon; url: string }> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const args = [
    '--name=kdr',
    `--data-dir=${join(at.directory, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=kdr=${peer}`,
    '--unsafe-no-fsync',
    // The only member elects itself after this time, milliseconds.
    '--heartbeat-interval=20',
    '--election-timeout=200',
    ...flags,
  ];
  const daemon = await startHostDaemon(at, { name: 'etcd', program: requireProgram('etcd'), args, ready: () => answers(`${url}/health`) });
  return { daemon, url };
}
