import { readFileSync } from 'node:fs';
import type { Cluster } from '../cluster/index.ts';

interface Rule {
  apiGroups?: string[];
  resources?: string[];
  verbs: string[];
}
interface Binding {
  metadata: { name: string };
  roleRef: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace?: string }[];
}
interface AuditEvent {
  stage: string;
  requestURI: string;
  verb: string;
  user: { username: string; extra?: Record<string, string[]> };
  objectRef?: { apiGroup?: string; resource: string; subresource?: string; name?: string };
  responseStatus?: { code: number };
}

/** `VERB GROUP/RESOURCE[/SUBRESOURCE]` as roles and the audit log have it. */
export type Right = string;

const parse = async <T>(cluster: Cluster, ...args: string[]) =>
  (JSON.parse(await cluster.kubectl('get', ...args, '-o', 'json')) as { items: T[] }).items;

/** What the roles give a ServiceAccount of a namespace, wherever they give it. */
export async function grantedRights(cluster: Cluster, namespace: string, account: string): Promise<Set<Right>> {
  const bindings = [
    ...(await parse<Binding>(cluster, 'clusterrolebindings')),
    ...(await parse<Binding>(cluster, 'rolebindings', '-A')),
  ].filter(({ subjects = [] }) =>
    subjects.some((one) => one.kind === 'ServiceAccount' && one.name === account && one.namespace === namespace),
  );
  const roles = [
    ...(await parse<{ kind: string; metadata: { name: string }; rules?: Rule[] }>(cluster, 'clusterroles')),
    ...(await parse<{ kind: string; metadata: { name: string }; rules?: Rule[] }>(cluster, 'roles', '-A')),
  ];
  const rules = bindings.flatMap(
    ({ roleRef }) => roles.find(({ kind, metadata }) => kind === roleRef.kind && metadata.name === roleRef.name)?.rules ?? [],
  );
  return new Set(
    rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
      apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`))),
    ),
  );
}

/** What it has done, by the audit log, and what it was refused. */
export function usedRights(cluster: Cluster, namespace: string, account: string): { used: Set<Right>; refused: Set<Right> } {
  const [used, refused] = [new Set<Right>(), new Set<Right>()];
  for (const { verb, objectRef, responseStatus } of requestsOf(cluster, `system:serviceaccount:${namespace}:${account}`)) {
    if (objectRef === undefined) continue;
    const { apiGroup = '', resource, subresource } = objectRef;
    const right = `${verb} ${apiGroup}/${resource}${subresource === undefined ? '' : `/${subresource}`}`;
    (responseStatus?.code === 403 ? refused : used).add(right);
  }
  return { used, refused };
}

/** The nodes whose agents sent a request about an Abnormal, by the node in their pod-bound tokens. */
export function agentsAbout(cluster: Cluster, abnormal: string): string[] {
  const mine = requestsOf(cluster, 'system:serviceaccount:kdr-system:kdr-agent').filter(
    ({ objectRef }) => objectRef?.resource === 'abnormals' && objectRef.name === abnormal,
  );
  return [...new Set(mine.flatMap(({ user }) => user.extra?.['authentication.kubernetes.io/node-name'] ?? ['unknown']))];
}

/** By what the agents selected the Abnormals that they listed and watched: `NODE SELECTOR`, sorted, each once. */
export function selectorsOfAgents(cluster: Cluster): string[] {
  const lists = requestsOf(cluster, 'system:serviceaccount:kdr-system:kdr-agent').filter(
    ({ verb, objectRef }) => ['list', 'watch'].includes(verb) && objectRef?.resource === 'abnormals',
  );
  const said = lists.map(({ requestURI, user }) => {
    const asked = new URL(requestURI, 'https://server').searchParams;
    const selectors = ['fieldSelector', 'labelSelector'].flatMap((name) => (asked.has(name) ? [`${name}=${asked.get(name)}`] : []));
    return `${user.extra?.['authentication.kubernetes.io/node-name']?.[0]} ${selectors.join(' ')}`;
  });
  return [...new Set(said)].sort();
}

function requestsOf(cluster: Cluster, username: string): AuditEvent[] {
  const lines = readFileSync(cluster.auditLog, 'utf8').split('\n');
  return lines
    .flatMap((line) => (line.includes(`"${username}"`) ? (parseLine(line) ?? []) : []))
    .filter(({ user }) => user.username === username);
}

/** The last line may be half written. */
function parseLine(line: string): AuditEvent | undefined {
  try {
    return JSON.parse(line) as AuditEvent;
  } catch {
    return undefined;
  }
}
