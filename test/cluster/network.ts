import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { execa } from 'execa';
import { requireProgram } from '../faults/program-path.ts';
import { ClusterError } from './cluster-error.ts';
import type { RunDirectory } from './run-directory.ts';

/** The network of a cluster: a bridge on the host, the nodes on it, and a range of pod addresses behind each node. */
export interface ClusterNetwork {
  readonly bridge: string;
  /** Hardware address of the bridge: by it a clean-up knows that a bridge of that name is ours. */
  readonly hardwareAddress: string;
  /** Which of the ranges this cluster has. */
  readonly index: number;
  /** The host's address on the bridge: API server and DNS listen there. */
  readonly hostAddress: string;
  /** Range of all pods. */
  readonly podCidr: string;
}

/** One node's place in it. */
export interface NodePlace {
  readonly address: string;
  readonly podCidr: string;
  /** Name of the host's end of the link. */
  readonly link: string;
}

const CLUSTERS = 16;
const FILE = 'network.json';
const COMMAND_TIMEOUT_MS = 30_000;

/**
 * Makes a bridge for a cluster; the first free of 16.
 * @throws ClusterError KDR_CLUSTER_NO_NETWORK
 */
export async function makeNetwork(at: RunDirectory): Promise<ClusterNetwork> {
  // Locally administered, unicast (IEEE 802).
  const hardwareAddress = ['02', ...(randomBytes(5).toString('hex').match(/../g) ?? [])].join(':');
  const failures: string[] = [];
  for (let index = 0; index < CLUSTERS; index += 1) {
    const network = networkOf(index, hardwareAddress);
    // Noted before it is made, so that a crash in between leaves no bridge that nobody knows.
    writeFileSync(join(at.directory, FILE), JSON.stringify({ index, hardwareAddress }));
    const made = await ip(['link', 'add', 'name', network.bridge, 'address', hardwareAddress, 'type', 'bridge']);
    if (made.failed) {
      failures.push(`${network.bridge}: ${made.all}`);
      continue;
    }
    await mustIp(['addr', 'add', `${network.hostAddress}/24`, 'dev', network.bridge]);
    await mustIp(['link', 'set', network.bridge, 'up']);
    return network;
  }
  throw new ClusterError(
    'KDR_CLUSTER_NO_NETWORK',
    `No bridge could be made: ${failures.slice(0, 3).join('; ')}. Is another cluster's left?`,
  );
}

/** Where node number `number` (from 1) lives. */
export function placeOf(network: ClusterNetwork, number: number): NodePlace {
  return {
    address: `192.168.${77 + network.index}.${1 + number}`,
    podCidr: `10.${200 + network.index}.${number}.0/24`,
    link: `${network.bridge}n${number}`,
  };
}

/** Connects the network namespace of a process to the bridge and sets the routes to the pods of the other nodes. */
export async function connectNode(
  network: ClusterNetwork,
  { pid, number, nodes }: { pid: number; number: number; nodes: number },
): Promise<void> {
  const place = placeOf(network, number);
  const inside = (args: readonly string[]) => mustRun('nsenter', ['--target', String(pid), '--net', requireProgram('ip'), ...args]);
  await mustIp(['link', 'add', place.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]);
  await mustIp(['link', 'set', place.link, 'master', network.bridge, 'up']);
  await mustIp(['route', 'add', place.podCidr, 'via', place.address]);
  await inside(['link', 'set', 'lo', 'up']);
  await inside(['addr', 'add', `${place.address}/24`, 'dev', 'eth0']);
  await inside(['link', 'set', 'eth0', 'up']);
  await inside(['route', 'add', 'default', 'via', network.hostAddress]);
  for (let other = 1; other <= nodes; other += 1) {
    const { podCidr, address } = placeOf(network, other);
    if (other !== number) await inside(['route', 'add', podCidr, 'via', address]);
  }
}

/** Removes the bridge; links and routes go with it and with the nodes. A bridge of that name with another hardware address is not ours. */
export async function removeNetwork(at: RunDirectory): Promise<void> {
  const network = readNetwork(at);
  if (network !== undefined && isThere(network)) await ip(['link', 'delete', network.bridge]);
}

/** The bridge of this cluster if it exists. */
export function bridgeOf(at: RunDirectory): string | undefined {
  const network = readNetwork(at);
  return network !== undefined && isThere(network) ? network.bridge : undefined;
}

function isThere({ bridge, hardwareAddress }: ClusterNetwork): boolean {
  try {
    return readFileSync(`/sys/class/net/${bridge}/address`, 'utf8').trim() === hardwareAddress;
  } catch {
    return false;
  }
}

function readNetwork(at: RunDirectory): ClusterNetwork | undefined {
  try {
    const { index, hardwareAddress } = JSON.parse(readFileSync(join(at.directory, FILE), 'utf8')) as ClusterNetwork;
    return networkOf(Number(index), String(hardwareAddress));
  } catch {
    return undefined;
  }
}

function networkOf(index: number, hardwareAddress: string): ClusterNetwork {
  return {
    bridge: `kc${index}`,
    hardwareAddress,
    index,
    hostAddress: `192.168.${77 + index}.1`,
    podCidr: `10.${200 + index}.0.0/16`,
  };
}

function ip(args: readonly string[]) {
  return execa(requireProgram('ip'), args, { reject: false, timeout: COMMAND_TIMEOUT_MS, stdin: 'ignore', all: true });
}

async function mustIp(args: readonly string[]): Promise<void> {
  await mustRun(requireProgram('ip'), args);
}

async function mustRun(program: string, args: readonly string[]): Promise<void> {
  const result = await execa(program, args, { reject: false, timeout: COMMAND_TIMEOUT_MS, stdin: 'ignore', all: true });
  if (result.failed)
    throw new ClusterError('KDR_CLUSTER_NO_NETWORK', `"${program} ${args.join(' ')}" failed: ${result.all || result.shortMessage}`);
}
