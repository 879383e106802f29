import { type Abnormal, type RecoveryHold, type RecoveryPolicy, RESOURCES } from '@kdr/api-types';
import { type Lease, leaseType, podType } from '@kdr/controller-runtime';
import { readPlugins } from '../check/plugins.ts';
import type { Reader, Seen } from '../check/reader.ts';
import { type Installation, runChecks } from '../check/run-checks.ts';
import type { ServerVersion } from '../check/server.ts';
import { agentsIn } from './agents.ts';
import { type ComponentPod, podsOf } from './components.ts';
import { failuresIn } from './failures.ts';
import { withoutSecrets } from './redact.ts';

/** What is asked of {@link installInfo}. */
export interface InfoRequest extends Installation {
  /** Version of this program. */
  client: string;
  /** Names of Abnormals, what they are about and what was said of them, too. */
  full: boolean;
}

/** What is never in it, and what `--full` adds: whoever sends it to strangers must know. */
const LEFT_OUT = {
  always: 'Secrets, tokens, certificates, evidence, artifacts, logs, parameters, environment',
  withoutFull:
    'names and namespaces of Abnormals, what they are about (pods, processes), their messages; reasons, owners and targets of holds',
};

/**
 * Everything that a bug report needs, from the API server alone. What this user may not see is named in `unseen`, and the rest is there. Node
 * names are in it; names of tenants' objects only with `full`.
 */
export async function installInfo(request: InfoRequest): Promise<object> {
  const { reader, namespace, full } = request;
  const unseen: string[] = [];
  const known = <T>(seen: Seen<T>, otherwise: T): T => {
    if (seen.state === 'denied') unseen.push(seen.message);
    return seen.state === 'found' ? seen.value : otherwise;
  };
  const version = known<ServerVersion | undefined>(await reader.document<ServerVersion>('/version'), undefined);
  const [checks, pods, leases, plugins, policies, holds, abnormals] = await Promise.all([
    runChecks(request),
    reader.list<ComponentPod>(podType, namespace),
    reader.list<Lease>(leaseType, namespace),
    readPlugins(reader),
    reader.list<RecoveryPolicy>(RESOURCES.RecoveryPolicy),
    reader.list<RecoveryHold>(RESOURCES.RecoveryHold),
    reader.list<Abnormal>(RESOURCES.Abnormal),
  ]);
  const all = known(abnormals, []);
  return withoutSecrets({
    kdr: { version: request.client, node: process.version, platform: `${process.platform} ${process.arch}` },
    server: { version: version?.gitVersion, platform: version?.platform },
    namespace,
    kinds: await servedKinds(reader),
    components: podsOf(known(pods, [])),
    agents: agentsIn(known(leases, [])),
    plugins: plugins.flatMap(({ role, registrations }) =>
      known(registrations, []).map(({ metadata, spec, status }) => ({
        ...{ role, name: metadata.name, endpoint: Object.keys(spec.endpoint).join(), version: status?.version },
        ...{ ready: status?.conditions?.find((one) => one.type === 'Ready')?.status ?? 'Unknown' },
        ...{ nodesReady: status?.nodesReady, nodesTotal: status?.nodesTotal, lastError: status?.lastError },
      })),
    ),
    policies: known(policies, []).map(({ metadata, spec }) => ({
      ...{ name: metadata.name, mode: spec.mode, fallback: spec.fallback, intrusiveDiagnosis: spec.intrusiveDiagnosis },
    })),
    holds: known(holds, []).map(({ metadata, spec }) => ({
      ...{ name: metadata.name, scope: Object.keys(spec.scope).join(), expiresAt: spec.expiresAt },
      ...(full ? { target: spec.scope, owner: spec.owner, reason: spec.reason } : {}),
    })),
    checks: checks.map(({ name, verdict, message }) => ({ name, verdict, message })),
    abnormals: countByPhase(all),
    lastFailures: failuresIn(all, full),
    leftOut: full ? { always: LEFT_OUT.always } : LEFT_OUT,
    unseen,
  });
}

async function servedKinds(reader: Reader): Promise<Record<string, string[]>> {
  const group = await reader.document<{ versions: { groupVersion: string }[] }>('/apis/kdr.dev');
  const versions = group.state === 'found' ? group.value.versions.map((one) => one.groupVersion) : [];
  const lists = await Promise.all(
    versions.map(async (version) => {
      const list = await reader.document<{ resources: { name: string }[] }>(`/apis/${version}`);
      const names = list.state === 'found' ? list.value.resources.map((one) => one.name).filter((name) => !name.includes('/')) : [];
      return [version, names.sort()] as const;
    }),
  );
  return Object.fromEntries(lists);
}

function countByPhase(abnormals: readonly Abnormal[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of abnormals) counts[status?.phase ?? 'Created'] = (counts[status?.phase ?? 'Created'] ?? 0) + 1;
  return counts;
}
