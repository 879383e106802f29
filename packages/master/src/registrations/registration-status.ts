import type { Condition, ReadyPlugin, RegistrationStatus } from '@kdr/api-types';

/** What one place (a node, or the master itself for services and URLs) says about one plugin. */
export interface Report {
  place: string;
  plugin: Pick<ReadyPlugin, 'ready' | 'version' | 'message'> | undefined;
}

/** The status of a registration that nobody can use whatever its plugin says; times are kept while nothing changes. */
export function unusableStatus(why: string, before: RegistrationStatus | undefined, now: string): RegistrationStatus {
  const old = before?.conditions?.find((one) => one.type === 'Ready');
  const lastTransitionTime = old?.status === 'False' ? old.lastTransitionTime : now;
  return {
    ...before,
    conditions: [{ type: 'Ready', status: 'False', reason: 'Invalid', message: why.slice(0, 2048), lastTransitionTime }],
    nodesReady: 0,
    lastError: why.slice(0, 1024),
  };
}

/**
 * Folds the agents' words into one status. Ready is True where every living agent finds the plugin ready, False where some do not or no
 * agent is alive; times are kept while nothing changes, so that an unchanged status is not written.
 */
export function foldStatus(reports: readonly Report[], before: RegistrationStatus | undefined, now: string): RegistrationStatus {
  const ready = reports.filter((report) => report.plugin?.ready === true);
  const failing = reports.filter((report) => report.plugin?.ready !== true);
  const ok = reports.length > 0 && failing.length === 0;
  const first = failing[0];
  const why = first === undefined ? 'no agent is alive' : `${first.place}: ${first.plugin?.message ?? 'its agent does not know it yet'}`;
  const status: Condition['status'] = ok ? 'True' : 'False';
  const old = before?.conditions?.find((one) => one.type === 'Ready');
  const condition: Condition = {
    type: 'Ready',
    status,
    reason: ok ? 'Ready' : reports.length === 0 ? 'NoAgent' : 'NotReady',
    message: ok ? `ready in ${ready.length} of ${reports.length} places` : why.slice(0, 2048),
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : now,
  };
  return {
    conditions: [condition],
    nodesReady: ready.length,
    nodesTotal: reports.length,
    version: ready[0]?.plugin?.version ?? before?.version,
    ...(ok ? {} : { lastError: why.slice(0, 1024) }),
    ...(failing.length === 0
      ? {}
      : {
          nodes: failing
            .slice(0, 32)
            .map((report) => ({ name: report.place, ready: false, message: report.plugin?.message?.slice(0, 256) })),
        }),
  };
}
