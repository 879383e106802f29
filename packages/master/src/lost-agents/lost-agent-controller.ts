import { type Abnormal, AGENT_FINALIZER, RESOURCES, type Reason, isTerminal } from '@kdr/api-types';
import {
  type ApiClient,
  type Controller,
  type EventRecorder,
  type Informer,
  type Logger,
  createController,
  objectKey,
  patchMetadata,
  referenceTo,
} from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';
import type { Agents } from '../agents.ts';
import { failByMaster } from '../fail-by-master.ts';
import type { MasterOptions } from '../options.ts';

/** Whether an intent was written whose outcome nobody knows. */
export function hasOpenIntent(abnormal: Abnormal): boolean {
  return abnormal.status?.recovery?.attempts?.some((attempt) => attempt.outcome === undefined) ?? false;
}

/**
 * What silence means: nothing yet (with the time after which to look again), or the reason to fail with. Before anything acted a silent
 * agent is AgentUnavailable; after an intent nobody can tell what happened, so it is EffectUnknown, later.
 */
export function judgeSilence(
  abnormal: Abnormal,
  lastSeen: number | undefined,
  now: number,
  options: MasterOptions,
): { reason: Reason; message: string } | { waitMs: number } {
  const since = Math.max(lastSeen ?? 0, Date.parse(abnormal.metadata.creationTimestamp ?? '') || 0);
  const open = hasOpenIntent(abnormal);
  const limit = open ? options.effectUnknownMs : options.agentUnavailableMs;
  const silent = now - since;
  if (silent < limit) return { waitMs: limit - silent };
  const seconds = Math.round(silent / 1000);
  return open
    ? {
        reason: 'EffectUnknown',
        message: `The agent of ${abnormal.spec.nodeName} wrote an intent and has been silent for ${seconds} s: look at the node before anything else`,
      }
    : { reason: 'AgentUnavailable', message: `The agent of ${abnormal.spec.nodeName} has been silent for ${seconds} s; nothing was done` };
}

/** How long a silence must go on after it was first noticed. More than twice the time between two renewals of an agent's Lease. */
const CONFIRM_MS = 15_000;

/**
 * Whether a silence is the agent's. A master that was stopped itself (SIGSTOP, a suspended machine, a paused VM) finds every Lease old when it goes
 * on: so a silence counts only if it is still there a while after it was first noticed.
 */
export function createSilenceCheck(confirmMs = CONFIRM_MS) {
  const noticed = new Map<string, number>();
  return {
    /** @returns how long to wait before it counts; 0: it does. */
    waitMs: (key: string, now: number): number => {
      const since = noticed.get(key) ?? now;
      noticed.set(key, since);
      return Math.max(0, since + confirmMs - now);
    },
    forget: (key: string): void => void noticed.delete(key),
  };
}

/** Fails what a silent agent leaves behind, and takes its finalizer away so that the record can be deleted. */
export function createLostAgentController(deps: {
  client: ApiClient;
  abnormals: Informer<Abnormal>;
  agents: Agents;
  events: EventRecorder;
  options: MasterOptions;
  logger: Logger;
  metrics?: Registry;
  now?: () => number;
}): Controller {
  const { client, abnormals, agents, events, options, now = Date.now } = deps;
  const silence = createSilenceCheck();
  const controller = createController({
    name: 'lost-agent',
    workers: 1,
    logger: deps.logger,
    metrics: deps.metrics,
    reconcile: async (key) => {
      const abnormal = abnormals.get(key);
      if (abnormal === undefined || !abnormal.spec.nodeName || isTerminal(abnormal.status?.phase)) return silence.forget(key);
      const judged = judgeSilence(abnormal, agents.lastSeen(abnormal.spec.nodeName), now(), options);
      if ('waitMs' in judged) {
        silence.forget(key);
        return { requeueAfterMs: Math.max(1_000, judged.waitMs) };
      }
      const waitMs = silence.waitMs(key, now());
      if (waitMs > 0) return { requeueAfterMs: waitMs };
      silence.forget(key);
      const failed = await failByMaster(client, abnormal, judged.reason, judged.message);
      events.event(referenceTo(failed), 'Warning', judged.reason, judged.message);
      if (failed.metadata.finalizers?.includes(AGENT_FINALIZER)) {
        await patchMetadata(client, RESOURCES.Abnormal, failed, (fresh) => ({
          finalizers: (fresh.metadata.finalizers ?? []).filter((one) => one !== AGENT_FINALIZER),
        }));
      }
      return;
    },
  });
  // Only the first sight counts: from then on the controller's own timer looks again.
  abnormals.onChange((change) => {
    if (change.kind === 'added' && !isTerminal(change.object.status?.phase))
      controller.enqueueAfter(objectKey(change.object), options.agentUnavailableMs);
  });
  return controller;
}
