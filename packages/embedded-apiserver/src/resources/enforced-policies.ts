import { createPolicyAdmission } from '../admission/policy-admission.ts';
import type { Logger } from '../logger.ts';
import type { Api } from '../rest/api.ts';
import { storageOf } from './builtin-resources.ts';

/** Keeps the admission policies in force in step with the stored ones: once now, and at each commit before it is answered. */
export function enforcePolicies(api: Api, logger: Logger): void {
  const stored: string[] = [storageOf.policies, storageOf.bindings];
  const enforce = () => {
    const [policies, bindings] = stored.map((storage) => api.store.list(storage).map(({ json }) => JSON.parse(json) as object));
    if (bindings!.length === 0) {
      api.admission = undefined;
      return;
    }
    const admission = createPolicyAdmission();
    const errors = admission.setPolicies(policies!, bindings!);
    if (errors.length > 0) logger.error({ errors }, 'stored admission policies have faults');
    api.admission = admission;
  };
  enforce();
  api.store.onCommit((changes) => {
    if (changes.some(({ record }) => stored.includes(record.resource))) enforce();
  });
}
