type Json = Record<string, unknown>;

/** A ValidatingAdmissionPolicy and its binding (admissionregistration.k8s.io/v1, KEP-3488). */
export interface PolicyObjects {
  policy: Json;
  binding: Json;
}

/** Who is who: the user names of KDR's ServiceAccounts. */
export interface PolicyUsers {
  master: string;
  agent: string;
  /** Sources on a node; in a cluster they run in the agent's pod, as the agent. */
  source?: string;
}

export interface PolicyRule {
  name: string;
  apiGroup: string;
  resources: string[];
  operations: ('CREATE' | 'UPDATE' | 'DELETE')[];
  /** CEL: only requests for which it is true are judged. */
  when?: string;
  variables?: Record<string, string>;
  validations: { expression: string; message: string }[];
}

/** A policy that fails closed, and its binding, which denies. */
export function policyObjects(rule: PolicyRule): PolicyObjects {
  const head = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: rule.name } };
  return {
    policy: {
      ...head,
      kind: 'ValidatingAdmissionPolicy',
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [{ apiGroups: [rule.apiGroup], apiVersions: ['*'], operations: rule.operations, resources: rule.resources }],
        },
        ...(rule.when === undefined ? {} : { matchConditions: [{ name: 'who', expression: rule.when }] }),
        ...(rule.variables === undefined
          ? {}
          : { variables: Object.entries(rule.variables).map(([name, expression]) => ({ name, expression })) }),
        validations: rule.validations.map((validation) => ({ ...validation, reason: 'Forbidden' })),
      },
    },
    binding: { ...head, kind: 'ValidatingAdmissionPolicyBinding', spec: { policyName: rule.name, validationActions: ['Deny'] } },
  };
}

/** CEL: whether a dotted path exists; each step is asked for, since a missing one is an error in CEL. */
export function exists(path: string): string {
  const [first, ...rest] = path.split('.');
  const steps: string[] = [];
  rest.reduce((prefix, name) => {
    steps.push(`has(${prefix}.${name})`);
    return `${prefix}.${name}`;
  }, first ?? '');
  return steps.join(' && ');
}

/** CEL: whether object and oldObject agree at a path, absence included. */
export function unchanged(path: string): string {
  const now = `object.${path}`;
  const before = `oldObject.${path}`;
  return `(${exists(now)}) == (${exists(before)}) && (!(${exists(now)}) || ${now} == ${before})`;
}
