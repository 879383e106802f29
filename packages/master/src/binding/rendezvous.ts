import { createHash } from 'node:crypto';

/**
 * The node for a key by rendezvous (highest random weight) hashing: when a node comes or goes, only the keys of that node move.
 * Undefined when there are none.
 */
export function rendezvous(key: string, nodes: readonly string[]): string | undefined {
  const weight = (node: string) => createHash('sha256').update(`${node}\0${key}`).digest('hex');
  return nodes.reduce<string | undefined>((best, node) => (best === undefined || weight(node) > weight(best) ? node : best), undefined);
}
