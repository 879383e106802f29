import type { Abnormal, Diagnosis, RecoveryPolicy } from '@kdr/api-types';
import { RESOURCES } from '@kdr/api-types';
import { compilePolicies, selectPolicy } from '@kdr/api-types/match';
import type { CompiledPolicy, PolicyDecision } from '@kdr/api-types/match';
import { createInformer } from '@kdr/controller-runtime';
import type { ApiClient, Logger } from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';

/** The RecoveryPolicies, as far as an agent needs them: whether a diagnosis may be intrusive, and how long to soak. It decides no recovery. */
export interface PolicyView {
  /** Before there is a diagnosis, and after. */
  decide(abnormal: Abnormal, node: string, diagnosis?: Diagnosis): PolicyDecision;
  run(signal: AbortSignal): Promise<void>;
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
}

export function createPolicyView({ client, logger, registry }: { client: ApiClient; logger: Logger; registry: Registry }): PolicyView {
  const informer = createInformer<RecoveryPolicy>({ client, type: RESOURCES.RecoveryPolicy, logger, metrics: registry });
  let compiled: CompiledPolicy[] | undefined;
  informer.onChange(() => (compiled = undefined));
  return {
    decide: ({ metadata, spec }, node, diagnosis) => {
      compiled ??= compilePolicies(informer.list());
      const diagnosed = diagnosis && { cause: diagnosis.cause, target: diagnosis.target };
      return selectPolicy(compiled, { namespace: metadata.namespace ?? '', node, spec, ...(diagnosed && { diagnosed }) });
    },
    run: (signal) => informer.run(signal),
    synced: informer.synced,
    get hasSynced() {
      return informer.hasSynced;
    },
  };
}
