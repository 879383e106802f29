import { type Abnormal, type RecoveryApproval, type RecoveryHold, type RecoveryPolicy, RESOURCES, targetKey } from '@kdr/api-types';
import { type CompiledPolicy, compilePolicies, selectPolicy } from '@kdr/api-types/match';
import {
  type ApiClient,
  type Controller,
  type EventRecorder,
  type Informer,
  type Logger,
  counterIn,
  createController,
  objectKey,
  patchStatus,
  referenceTo,
} from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';
import { decide, grantCondition, saysMore } from './decision.ts';
import type { GateInput } from './gate.ts';
import { createLedger } from './ledger.ts';

/** Whether the agent waits for a word about a proposal that has not been used. */
export function awaitsGrant(abnormal: Abnormal): boolean {
  const { phase, recovery } = abnormal.status ?? {};
  const proposal = recovery?.proposal;
  return (
    phase === 'Recovering' && proposal !== undefined && recovery?.attempts?.some((attempt) => attempt.proposalId === proposal.id) !== true
  );
}

/** The newest word about the proposal that is not too old to count; of several in one second, the finest that the API knows, a no. */
export function approvalFor(
  approvals: readonly RecoveryApproval[],
  proposalId: string,
  maxAgeMs: number,
  now: number,
): RecoveryApproval | undefined {
  return approvals
    .filter((one) => one.spec.proposalId === proposalId && now - Date.parse(one.metadata.creationTimestamp ?? '') < maxAgeMs)
    .sort(
      (a, b) =>
        Date.parse(b.metadata.creationTimestamp ?? '') - Date.parse(a.metadata.creationTimestamp ?? '') ||
        Number(b.spec.decision === 'Deny') - Number(a.spec.decision === 'Deny'),
    )[0];
}

/**
 * The master's half of a recovery (two keys): reads proposals, asks the gates, writes `recovery.grant` and condition RecoveryGranted.
 * Level-triggered over Abnormals, policies, holds and approvals; grants that were made a moment ago are remembered until the cache shows
 * them, so that two proposals never pass on the same stale ledger.
 */
export function createGateController(deps: {
  client: ApiClient;
  abnormals: Informer<Abnormal>;
  policies: Informer<RecoveryPolicy>;
  holds: Informer<RecoveryHold>;
  /** With index `abnormal`: `namespace/name` of what they are about. */
  approvals: Informer<RecoveryApproval>;
  events: EventRecorder;
  logger: Logger;
  metrics?: Registry;
  now?: () => number;
}): Controller {
  const { client, abnormals, policies, holds, approvals, events, now = Date.now } = deps;
  const decisions = counterIn(deps.metrics, 'kdr_gate_decisions_total', 'Decisions of the recovery gate.', ['decision', 'reason']);
  const refused = counterIn(deps.metrics, 'kdr_gate_denied_total', 'Gates that denied or made wait.', ['gate']);
  let compiled: CompiledPolicy[] | undefined;

  const ledger = createLedger();
  abnormals.onChange(({ kind, object }) => (kind === 'deleted' ? ledger.remove(object) : ledger.record(object)));

  const inputFor = (abnormal: Abnormal): GateInput | undefined => {
    const { diagnosis, recovery } = abnormal.status ?? {};
    const proposal = recovery?.proposal;
    if (diagnosis === undefined || proposal === undefined) return undefined;
    compiled ??= compilePolicies(policies.list());
    const policy = selectPolicy(compiled, {
      namespace: abnormal.metadata.namespace ?? '',
      node: abnormal.spec.nodeName ?? '',
      spec: abnormal.spec,
      diagnosed: { cause: diagnosis.cause, target: diagnosis.target },
    });
    const words = approvals.byIndex('abnormal', objectKey(abnormal));
    const approval = approvalFor(words, proposal.id, policy.approvalSeconds * 1000, now());
    const at = now();
    return {
      abnormal,
      diagnosis,
      proposal,
      policy,
      holds: holds.list(),
      onTarget: ledger.onTarget(abnormal, targetKey(proposal.target), at),
      recent: ledger.recent(abnormal, at - policy.loopBreaker.windowSeconds * 1000, at),
      approval,
      now: at,
    };
  };

  const controller = createController({
    name: 'recovery-gate',
    workers: 8,
    logger: deps.logger,
    metrics: deps.metrics,
    reconcile: async (key, { logger }) => {
      const cached = abnormals.get(key);
      if (cached === undefined || !awaitsGrant(cached)) return;
      let againInMs: number | undefined;
      let written = false;
      const after = await patchStatus(client, RESOURCES.Abnormal, cached, (fresh) => {
        written = false;
        const input = awaitsGrant(fresh) ? inputFor(fresh) : undefined;
        if (input === undefined) return undefined;
        const decision = decide(input);
        const { grant } = decision;
        againInMs = decision.againInMs ?? (grant.decision === 'Granted' ? input.policy.grantSeconds * 1000 + 100 : undefined);
        if (!saysMore(grant, fresh.status)) return undefined;
        written = true;
        if (grant.decision === 'Granted') ledger.expect(fresh, grant);
        const before = fresh.status?.conditions?.find((one) => one.type === 'RecoveryGranted');
        const others = fresh.status?.conditions?.filter((one) => one.type !== 'RecoveryGranted') ?? [];
        return {
          ...fresh.status,
          conditions: [...others, grantCondition(grant, before, fresh.metadata.generation)],
          recovery: { ...fresh.status?.recovery, grant },
        };
      });
      const grant = after.status?.recovery?.grant;
      if (written && grant !== undefined) {
        decisions?.inc({ decision: grant.decision, reason: grant.reason });
        for (const one of grant.trace) if (one.verdict !== 'Allow') refused?.inc({ gate: one.gate });
        logger.info({ proposal: grant.proposalId, decision: grant.decision, reason: grant.reason }, 'the gate has decided');
        if (grant.decision !== 'Granted') {
          const why = grant.trace.find((one) => one.reason === grant.reason)?.message ?? '';
          events.event(
            referenceTo(after),
            grant.decision === 'Denied' ? 'Warning' : 'Normal',
            `Recovery${grant.decision}`,
            `${grant.reason}: ${why}`,
          );
        }
      }
      return againInMs === undefined ? undefined : { requeueAfterMs: againInMs };
    },
  });

  controller.watch(abnormals, (abnormal) => (awaitsGrant(abnormal) ? [objectKey(abnormal)] : []));
  const reviewAll = () => {
    for (const abnormal of abnormals.list()) if (awaitsGrant(abnormal)) controller.enqueue(objectKey(abnormal));
  };
  policies.onChange(() => {
    compiled = undefined;
    reviewAll();
  });
  holds.onChange(reviewAll);
  controller.watch(approvals as Informer<RecoveryApproval>, (approval) => [`${approval.metadata.namespace}/${approval.spec.abnormal}`]);
  return controller;
}
