import { admissionPolicies, clusterAdmissionPolicies } from '@kdr/api-types/crd';
import type { ResourceType } from '@kdr/controller-runtime';
import { type Check, failed, ok, some } from './check.ts';
import type { Reader, Seen } from './reader.ts';

const admission = (kind: string, plural: string): ResourceType => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind,
  plural,
  namespaced: false,
});
const POLICY = admission('ValidatingAdmissionPolicy', 'validatingadmissionpolicies');
const BINDING = admission('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings');

/** A ValidatingAdmissionPolicy, as far as it is looked at. */
export interface Policy {
  status?: { typeChecking?: { expressionWarnings?: { fieldRef: string; warning: string }[] } };
}
/** Its binding. */
export interface Binding {
  spec: { policyName: string; validationActions?: string[] };
}
/** What is there of one policy. */
export interface PolicyState {
  name: string;
  policy: Seen<Policy>;
  binding: Seen<Binding>;
}

/** Names of the policies; whom they bind makes no difference to them. Those that need an authorizer are for a real cluster. */
function policyNames(embedded: boolean): string[] {
  const nobody = { master: '', agent: '' };
  const objects = [...admissionPolicies(nobody), ...(embedded ? [] : clusterAdmissionPolicies(nobody))];
  return objects.map(({ policy }) => (policy.metadata as { name: string }).name);
}

/** Reads the policies and their bindings, by name. */
export function readPolicies(reader: Reader, embedded: boolean): Promise<PolicyState[]> {
  return Promise.all(
    policyNames(embedded).map(async (name) => ({
      name,
      policy: await reader.get<Policy>(POLICY, name),
      binding: await reader.get<Binding>(BINDING, name),
    })),
  );
}

/** Every policy is there and denies: without them any component, and any tenant, could write what it likes. */
export function checkPolicies(states: readonly PolicyState[]): Check {
  const wrong = states.flatMap((state) => {
    const why = problem(state);
    return why === undefined ? [] : [`${state.name} ${why}`];
  });
  if (wrong.length === 0) return ok('policies', `${states.length} admission policies are bound and deny`);
  return failed('policies', some(wrong), 'install them: `helm upgrade --install` of the chart kdr with admissionPolicies.enabled=true');
}

function problem({ name, policy, binding }: PolicyState): string | undefined {
  if (policy.state === 'absent') return 'is missing';
  if (policy.state === 'denied') return `can't be seen (${policy.message})`;
  if (binding.state === 'absent') return 'is not bound: it holds nobody';
  if (binding.state === 'denied') return `has a binding that can't be seen (${binding.message})`;
  const { policyName, validationActions = [] } = binding.value.spec;
  if (policyName !== name || !validationActions.includes('Deny')) return 'is bound without Deny: it holds nobody';
  const warning = policy.value.status?.typeChecking?.expressionWarnings?.[0];
  return warning === undefined ? undefined : `does not fit this server (${warning.fieldRef}: ${warning.warning.split('\n')[0]})`;
}
