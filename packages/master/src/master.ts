import {
  type Abnormal,
  type RecoveryApproval,
  type RecoveryHold,
  type RecoveryPolicy,
  type Registration,
  RESOURCES,
  type ReadyPlugin,
} from '@kdr/api-types';
import {
  type ApiClient,
  type KubernetesObject,
  type Lease,
  type Logger,
  type ResourceType,
  createEventRecorder,
  createInformer,
  leaseType,
  runTogether,
} from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';
import { createAgents } from './agents.ts';
import { createBindingController } from './binding/binding-controller.ts';
import { createLostAgentController } from './lost-agents/lost-agent-controller.ts';
import { DEFAULT_OPTIONS, type MasterOptions } from './options.ts';
import { createGateController } from './recovery-gate/gate-controller.ts';
import { createRegistrationController } from './registrations/registration-controller.ts';

/** What the master keeps of an Abnormal: what it decides from, and not the evidence. */
function withoutEvidence(abnormal: Abnormal): Abnormal {
  const { information: _information, diagnosisAttempts: _attempts, ...status } = abnormal.status ?? {};
  if (abnormal.status === undefined) return abnormal;
  return { ...abnormal, status: { ...status, diagnosis: status.diagnosis && { ...status.diagnosis, evidence: [] } } };
}

/** The master: decides whether an Abnormal may be repaired, where it is worked on, and what state the plugins are in. */
export interface Master {
  /** Works until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** True once every cache has been filled. */
  ready(): boolean;
}

/** Composes the master of its controllers. It writes nothing before its caches are filled. */
export function createMaster(deps: { client: ApiClient; logger: Logger; registry?: Registry; options?: Partial<MasterOptions> }): Master {
  const { client, logger, registry: metrics } = deps;
  const options = { ...DEFAULT_OPTIONS, ...deps.options };
  const inform = <T extends KubernetesObject>(type: ResourceType, more: { namespace?: string; transform?: (object: T) => T } = {}) =>
    createInformer<T>({ client, type, logger, metrics, ...more });

  const abnormals = inform<Abnormal>(RESOURCES.Abnormal, { transform: withoutEvidence });
  const policies = inform<RecoveryPolicy>(RESOURCES.RecoveryPolicy);
  const holds = inform<RecoveryHold>(RESOURCES.RecoveryHold);
  const approvals = inform<RecoveryApproval>(RESOURCES.RecoveryApproval);
  const leases = inform<Lease>(leaseType, { namespace: options.namespace });
  const agents = createAgents(leases, options.namespace, options.agentStaleMs);
  const events = createEventRecorder({ client, component: 'kdr-master', logger, metrics });
  const shared = { client, abnormals, agents, events, options, logger, metrics };

  const kinds: ReadyPlugin['kind'][] = ['InformationCollector', 'Diagnoser', 'Recoverer'];
  const registrations = kinds.map((kind) => ({ kind, informer: inform<Registration>(RESOURCES[kind]) }));
  const informers = [abnormals, policies, holds, approvals, leases, ...registrations.map((one) => one.informer)];
  const controllers = [
    createBindingController(shared),
    createGateController({ ...shared, policies, holds, approvals }),
    createLostAgentController(shared),
    ...registrations.map(({ kind, informer }) => createRegistrationController({ ...shared, kind, registrations: informer, leases })),
  ];

  // A decision on a half-filled cache (a hold not seen yet, say) would be a wrong one.
  const decideOnceSynced = async (signal: AbortSignal) => {
    const synced = await Promise.all(informers.map((informer) => informer.synced)).catch((error: unknown) => error);
    if (signal.aborted) return;
    if (synced instanceof Error) throw synced;
    await Promise.all(controllers.map((controller) => controller.run(signal)));
  };

  return {
    ready: () => informers.every((informer) => informer.hasSynced),
    run: async (signal) => {
      await runTogether([...informers, { name: 'controllers', run: decideOnceSynced }], signal);
      await events.flush();
    },
  };
}
