import type { Informer, Lease } from '@kdr/controller-runtime';
import { READY_PLUGINS_ANNOTATION, type ReadyPlugin } from '@kdr/api-types';

const PREFIX = 'kdr-agent-';

/** What the Leases say about the agents. */
export interface Agents {
  /** When the agent of a node was last heard of (ms since the epoch), or undefined if it never was. */
  lastSeen(node: string): number | undefined;
  /** Nodes whose agent is alive, sorted. */
  alive(now: number): string[];
  /** Those that may be given new work, sorted: heard of within half the time after which an agent counts as gone. */
  answering(now: number): string[];
  /** What the agent of a node says of its plugins. */
  plugins(node: string): ReadyPlugin[];
}

/** Reads the Leases that agents renew (`kdr-agent-NODE`). An agent's word about its plugins that can't be parsed counts as silence. */
export function createAgents(leases: Pick<Informer<Lease>, 'get' | 'list'>, namespace: string, staleMs: number): Agents {
  const lease = (node: string) => leases.get(`${namespace}/${PREFIX}${node}`);
  const seen = (of: Lease | undefined) => {
    const time = Date.parse(of?.spec?.renewTime ?? '');
    return Number.isNaN(time) ? undefined : time;
  };
  const heardOf = (now: number, withinMs: number) =>
    leases
      .list()
      .filter((one) => one.metadata?.name?.startsWith(PREFIX) && now - (seen(one) ?? 0) < withinMs)
      .map((one) => (one.metadata?.name ?? '').slice(PREFIX.length))
      .sort();
  return {
    lastSeen: (node) => seen(lease(node)),
    alive: (now) => heardOf(now, staleMs),
    answering: (now) => heardOf(now, staleMs / 2),
    plugins: (node) => parse(lease(node)?.metadata?.annotations?.[READY_PLUGINS_ANNOTATION]),
  };
}

function parse(text: string | undefined): ReadyPlugin[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value)
      ? value.filter(
          (one): one is ReadyPlugin => typeof one?.name === 'string' && typeof one?.kind === 'string' && typeof one?.ready === 'boolean',
        )
      : [];
  } catch {
    return [];
  }
}
