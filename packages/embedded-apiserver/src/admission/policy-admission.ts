import { Budget, requestBudget } from '../cel/frame.ts';
import type { FieldError } from '../schema/field-error.ts';
import { fieldError } from '../schema/field-error.ts';
import { isObject, type JsonObject } from '../schema/json.ts';
import { compileAdmissionPolicy, type AdmissionPolicy, type Refusal } from './admission-policy.ts';
import type { AdmissionRequest } from './admission-request.ts';
import { policyValues } from './policy-environment.ts';
import { readMatchResources, type RequestMatcher } from './match-resources.ts';

/** What the policies say to a request. `message` is without the names of policy and binding, which stand beside it. */
export type AdmissionReview =
  | { allowed: true; warnings: string[] }
  | { allowed: false; policy: string; binding: string; reason: string; code: number; message: string };

/** The ValidatingAdmissionPolicies in force. */
export interface PolicyAdmission {
  /**
   * Replaces all policies and bindings, and says what is wrong with them. A faulty policy stays in force and refuses what
   * it matches, unless its failurePolicy is Ignore; a faulty binding binds everything that its policy matches.
   */
  setPolicies(policies: object[], bindings: object[]): FieldError[];
  /** Decides on a request. Pure; never throws for a bad object. */
  review(request: AdmissionRequest): AdmissionReview;
}

interface Binding {
  readonly name: string;
  readonly matches: RequestMatcher;
  readonly actions: ReadonlySet<unknown>;
}

interface BoundPolicy {
  readonly policy: AdmissionPolicy;
  readonly bindings: readonly Binding[];
}

const actions: ReadonlySet<unknown> = new Set(['Deny', 'Warn', 'Audit']);
// apiserver validating/dispatcher.go, reasonToCode
const codes: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 };

/** Starts without policies: everything is allowed. */
export function createPolicyAdmission(): PolicyAdmission {
  let bound: readonly BoundPolicy[] = [];
  return {
    setPolicies(policies, bindings) {
      const errors: FieldError[] = [];
      const byPolicy = readBindings(bindings, errors);
      bound = policies.map((raw) => {
        const policy = compileAdmissionPolicy(raw, errors);
        return { policy, bindings: byPolicy.get(policy.name) ?? [] };
      });
      return errors;
    },
    review: (request) => review(request, bound),
  };
}

function readBindings(bindings: readonly object[], errors: FieldError[]): Map<string, Binding[]> {
  const byPolicy = new Map<string, Binding[]>();
  for (const raw of bindings as JsonObject[]) {
    const spec = isObject(raw['spec']) ? raw['spec'] : {};
    const policyName = spec['policyName'];
    if (typeof policyName !== 'string' || policyName === '') {
      errors.push(fieldError('spec.policyName', 'Required', undefined, ''));
      continue;
    }
    byPolicy.set(policyName, [...(byPolicy.get(policyName) ?? []), readBinding(raw, spec, errors)]);
  }
  return byPolicy;
}

function readBinding(raw: JsonObject, spec: JsonObject, errors: FieldError[]): Binding {
  const before = errors.length;
  const metadata = isObject(raw['metadata']) ? raw['metadata'] : {};
  const given = Array.isArray(spec['validationActions']) ? spec['validationActions'] : [];
  if (given.length === 0) errors.push(fieldError('spec.validationActions', 'Required', undefined, ''));
  for (const action of given) {
    if (!actions.has(action))
      errors.push(fieldError('spec.validationActions', 'NotSupported', action, 'supported values: "Audit", "Deny", "Warn"'));
  }
  if (given.includes('Deny') && given.includes('Warn')) {
    errors.push(
      fieldError(
        'spec.validationActions',
        'Invalid',
        given,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    );
  }
  if (spec['paramRef'] !== undefined && spec['paramRef'] !== null) {
    errors.push(fieldError('spec.paramRef', 'Forbidden', undefined, 'parameter resources are not supported by this server'));
  }
  const matches = readMatchResources(spec['matchResources'], 'spec.matchResources', false, errors);
  const name = String(metadata['name'] ?? '');
  if (errors.length === before) return { name, matches, actions: new Set(given) };
  return { name, matches: () => true, actions: new Set(['Deny']) };
}

function review(request: AdmissionRequest, bound: readonly BoundPolicy[]): AdmissionReview {
  const warnings: string[] = [];
  // Policies cannot be used to lock their own configuration (rules.IsExemptAdmissionConfigurationResource).
  if (request.kind.group === 'admissionregistration.k8s.io') return { allowed: true, warnings };
  const budget = new Budget(requestBudget);
  let given: readonly unknown[] | undefined;
  for (const { policy, bindings } of bound) {
    if (bindings.length === 0 || !policy.matches(request)) continue;
    const binding = bindings.filter((candidate) => candidate.matches(request));
    if (binding.length === 0) continue;
    given ??= policyValues(request);
    const refusals = policy.refusals(given, budget);
    for (const each of binding) {
      const denied = applyActions(policy.name, each, refusals, warnings);
      if (denied !== undefined) return denied;
    }
  }
  return { allowed: true, warnings };
}

function applyActions(policy: string, binding: Binding, refusals: readonly Refusal[], warnings: string[]): AdmissionReview | undefined {
  const [first] = refusals;
  if (first === undefined) return undefined;
  if (binding.actions.has('Deny')) {
    const { message, reason } = first;
    return { allowed: false, policy, binding: binding.name, reason, code: codes[reason] ?? 422, message };
  }
  if (!binding.actions.has('Warn')) return undefined;
  for (const { message } of refusals) {
    warnings.push(`Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${binding.name}': ${message}`);
  }
  return undefined;
}
