import { type Abnormal, type HoldScope, type TargetIdentity, targetKey } from '@kdr/api-types';
import { type Gate, type GateInput, allow, deny, wait } from './gate.ts';

const seconds = (ms: number) => `${Math.ceil(ms / 1000)} s`;

/** Kinds of names that may never be acted on whatever a plugin says; processes are fenced again on the node (packages/linux). */
const target: Gate = {
  name: 'target',
  ask: ({ abnormal, proposal, diagnosis, policy }) => {
    const key = targetKey(proposal.target);
    if (key === undefined) return deny('TargetDenied', `the ${proposal.target.kind} has no complete identity`);
    if (key !== targetKey(diagnosis.target)) return deny('TargetDenied', `${key} is not the target that was diagnosed`);
    if (proposal.target.kind === 'Process' && (proposal.target.process?.pid ?? 0) <= 1)
      return deny('TargetDenied', 'pid 1 is never acted on');
    const named = abnormal.spec.podReference;
    const found = diagnosis.target.pod;
    if (named !== undefined && found !== undefined && !isSamePod(named, found))
      return deny('TargetDenied', `pod ${found.namespace}/${found.name} (${found.uid}) is not the one that the Abnormal names`);
    const missing = proposal.plannedActions.flatMap((action) => action.requires ?? []).filter((permit) => !policy.permits.includes(permit));
    if (missing.length > 0)
      return deny('PermitMissing', `the plan needs ${missing.join(', ')}, which policy ${policy.policy ?? '(none)'} does not permit`);
    return allow(key);
  },
};

/** The rights on a pod were asked for the names that the Abnormal says; a plugin that went by the uid alone may have found another one. */
function isSamePod(named: NonNullable<Abnormal['spec']['podReference']>, found: NonNullable<TargetIdentity['pod']>): boolean {
  return named.namespace === found.namespace && named.name === found.name && (named.uid === undefined || named.uid === found.uid);
}

function covers(scope: HoldScope, { abnormal, diagnosis }: GateInput): boolean {
  if (scope.all) return true;
  if (scope.node !== undefined) return scope.node === abnormal.spec.nodeName;
  const pod = diagnosis.target.pod ?? abnormal.spec.podReference;
  if (scope.namespace !== undefined) return scope.namespace === abnormal.metadata.namespace || scope.namespace === pod?.namespace;
  const wanted = scope.object;
  if (wanted === undefined) return false;
  const named: { kind: string; namespace?: string; name?: string }[] = [
    { kind: 'Abnormal', namespace: abnormal.metadata.namespace, name: abnormal.metadata.name },
    { kind: 'Node', name: abnormal.spec.nodeName },
    ...(pod === undefined ? [] : [{ kind: 'Pod', namespace: pod.namespace, name: pod.name }]),
    ...(abnormal.spec.objectReference === undefined ? [] : [abnormal.spec.objectReference]),
  ];
  return named.some((one) => one.kind === wanted.kind && one.name === wanted.name && (wanted.namespace ?? one.namespace) === one.namespace);
}

const hold: Gate = {
  name: 'hold',
  ask: (input) => {
    const found = input.holds.find((one) => !(Date.parse(one.spec.expiresAt ?? '') <= input.now) && covers(one.spec.scope, input));
    if (found === undefined) return allow(`none of ${input.holds.length} holds covers it`);
    const ends = found.spec.expiresAt === undefined ? 'until it is released' : `until ${found.spec.expiresAt}`;
    const left = Date.parse(found.spec.expiresAt ?? '') - input.now;
    return wait(
      'Held',
      `${found.metadata.name} by ${found.spec.owner}, ${ends}: ${found.spec.reason}`,
      Number.isNaN(left) ? undefined : left,
    );
  },
};

const mode: Gate = {
  name: 'mode',
  ask: ({ policy }) => {
    if (policy.policy === undefined) return deny('ObserveOnly', 'no RecoveryPolicy matches: nothing is repaired');
    if (policy.mode === 'Observe') return deny('ObserveOnly', `policy ${policy.policy} says Observe`);
    return allow(`policy ${policy.policy} says ${policy.mode}`);
  },
};

const coolDown: Gate = {
  name: 'cool-down',
  ask: ({ policy, onTarget, now }) => {
    const last = Math.max(...onTarget.filter((entry) => entry.kind === 'Attempted').map((entry) => entry.at), -Infinity);
    const left = last + policy.coolDownSeconds * 1000 - now;
    if (left > 0)
      return wait('CoolingDown', `this target was acted on ${seconds(now - last)} ago; cool-down ${policy.coolDownSeconds} s`, left);
    if (onTarget.some((entry) => entry.kind === 'Granted'))
      return wait('CoolingDown', 'another Abnormal has a grant for this target', 5_000);
    return allow(
      onTarget.length === 0 ? 'never acted on' : `acted on ${seconds(now - last)} ago; cool-down ${policy.coolDownSeconds} s is over`,
    );
  },
};

const loopBreaker: Gate = {
  name: 'loop-breaker',
  ask: ({ diagnosis, abnormal, policy, recent, approval, now }) => {
    const { attempts, windowSeconds } = policy.loopBreaker;
    const count = `${recent.count} of ${attempts} for ${diagnosis.cause} on ${abnormal.spec.nodeName} in ${windowSeconds} s`;
    if (recent.count < attempts) return allow(count);
    if (approval?.spec.decision === 'Approve') return allow(`${count}; ${approval.spec.approver} approved this one`);
    return wait(
      'LoopBreakerOpen',
      `${count}: a person must look, and may \`kdr approve ${abnormal.metadata.name}\``,
      (recent.earliest ?? now) + windowSeconds * 1000 - now,
    );
  },
};

const approval: Gate = {
  name: 'approval',
  ask: ({ abnormal, proposal, policy, diagnosis, approval: word, now }) => {
    if (word?.spec.decision === 'Deny')
      return deny('ApprovalDenied', `${word.spec.approver} said no${word.spec.reason ? `: ${word.spec.reason}` : ''}`);
    if (word?.spec.decision === 'Approve')
      return allow(`${word.spec.approver} said yes${word.spec.reason ? `: ${word.spec.reason}` : ''}`, 'Approved');
    const sure = diagnosis.confidence === 'high';
    if (policy.mode === 'Auto' && sure) return allow('Auto, and the diagnosis has confidence high');
    const left = Date.parse(proposal.proposedAt) + policy.approvalSeconds * 1000 - now;
    if (left <= 0) return deny('ApprovalExpired', `nobody decided within ${policy.approvalSeconds} s`);
    const how = `kdr approve ${abnormal.metadata.name} -n ${abnormal.metadata.namespace}`;
    if (policy.mode === 'Auto')
      return wait('ConfidenceTooLow', `Auto needs confidence high, this is ${diagnosis.confidence}: ${how}`, left);
    return wait('ApprovalRequired', how, left);
  },
};

/**
 * The recovery gate: every gate is asked, in this order; the whole trace is kept. One Deny denies; else one Wait waits. Further gates
 * (window, control plane, unhealthy limit, common cause, budgets, guards, evidence) take their place between mode and approval.
 */
export const GATES: readonly Gate[] = [target, hold, mode, coolDown, loopBreaker, approval];
