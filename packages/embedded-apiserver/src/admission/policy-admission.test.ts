import { describe, expect, test } from 'vitest';
import type { AdmissionRequest } from './admission-request.ts';
import { createPolicyAdmission, type AdmissionReview } from './policy-admission.ts';

// Behaviour as documented in KEP-3488 and https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/.

const rule = { apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['things'] };

function policy(spec: object, name = 'p'): object {
  return { metadata: { name }, spec: { matchConstraints: { resourceRules: [rule] }, ...spec } };
}

function binding(spec: object = {}, name = 'b'): object {
  return { metadata: { name }, spec: { policyName: 'p', validationActions: ['Deny'], ...spec } };
}

function request(changes: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    operation: 'CREATE',
    resource: { group: 'example.com', version: 'v1', resource: 'things' },
    kind: { group: 'example.com', version: 'v1', kind: 'Thing' },
    name: 'x',
    namespace: 'default',
    object: { metadata: { name: 'x', labels: { tier: 'web' } }, spec: { n: 1 } },
    userInfo: { username: 'alice', groups: ['dev'], extra: { 'authentication.kubernetes.io/node-name': ['n1'] } },
    namespaceObject: { metadata: { name: 'default', labels: { env: 'prod' } } },
    ...changes,
  };
}

function reviewed(policies: object[], bindings: object[], changes: Partial<AdmissionRequest> = {}): AdmissionReview {
  const admission = createPolicyAdmission();
  expect(admission.setPolicies(policies, bindings)).toEqual([]);
  return admission.review(request(changes));
}

function holds(expression: string, changes: Partial<AdmissionRequest> = {}): boolean | string {
  const review = reviewed([policy({ validations: [{ expression, message: 'does not hold' }] })], [binding()], changes);
  if (review.allowed) return true;
  return review.message === 'does not hold' ? false : review.message;
}

describe('a validation', () => {
  test('sees object, oldObject, request and namespaceObject', () => {
    expect(holds('object.spec.n == 1 && oldObject == null')).toBe(true);
    expect(holds('request.operation == "CREATE" && request.name == "x" && request.namespace == "default"')).toBe(true);
    expect(holds('request.kind.kind == "Thing" && request.resource.resource == "things" && request.resource.group == "example.com"')).toBe(
      true,
    );
    expect(holds('request.userInfo.username == "alice" && "dev" in request.userInfo.groups')).toBe(true);
    expect(holds("request.userInfo.extra['authentication.kubernetes.io/node-name'][0] == 'n1'")).toBe(true);
    expect(holds("namespaceObject.metadata.labels['env'] == 'prod'")).toBe(true);
    expect(holds('has(request.subResource)')).toBe(false);
    const onStatus = policy({
      matchConstraints: { resourceRules: [{ ...rule, resources: ['things/status'] }] },
      validations: [{ expression: 'request.subResource == "status"' }],
    });
    expect(reviewed([onStatus], [binding()], { subresource: 'status' }).allowed).toBe(true);
    expect(holds('object.metadata.namespace == "x"')).toMatch(/resulted in error: no such key: namespace/);
  });

  test('denies with its message, its reason and the code of the reason', () => {
    const validations = [{ expression: 'object.spec.n > 5', message: 'n is small', reason: 'Forbidden' }];
    expect(reviewed([policy({ validations })], [binding()])).toEqual({
      allowed: false,
      policy: 'p',
      binding: 'b',
      reason: 'Forbidden',
      code: 403,
      message: 'n is small',
    });
  });

  test('without a message shows its expression, and messageExpression comes first', () => {
    const plain = reviewed([policy({ validations: [{ expression: 'object.spec.n > 5' }] })], [binding()]);
    expect(plain).toMatchObject({ message: 'failed expression: object.spec.n > 5', reason: 'Invalid', code: 422 });
    const evaluated = { expression: 'object.spec.n > 5', message: 'n', messageExpression: "'n is ' + string(object.spec.n)" };
    expect(reviewed([policy({ validations: [evaluated] })], [binding()])).toMatchObject({ message: 'n is 1' });
    const failing = { expression: 'object.spec.n > 5', message: 'n', messageExpression: "'n is ' + object.spec.nope" };
    expect(reviewed([policy({ validations: [failing] })], [binding()])).toMatchObject({ message: 'n' });
  });

  test('that fails to evaluate denies, unless failurePolicy is Ignore', () => {
    const validations = [{ expression: 'object.spec.nope == 1' }];
    expect(reviewed([policy({ validations })], [binding()])).toMatchObject({
      allowed: false,
      message: "expression 'object.spec.nope == 1' resulted in error: no such key: nope",
    });
    expect(reviewed([policy({ validations, failurePolicy: 'Ignore' })], [binding()]).allowed).toBe(true);
  });

  test('that loops without end in sight is stopped and denies', () => {
    const object = { spec: { l: new Array(1_000).fill(1) } };
    expect(holds('object.spec.l.all(a, object.spec.l.all(b, object.spec.l.all(c, true)))', { object })).toMatch(/cost limit exceeded/);
  });
});

describe('variables', () => {
  test('are evaluated when used, may use earlier ones, and are named in has()', () => {
    const variables = [
      { name: 'broken', expression: 'object.spec.nope' },
      { name: 'n', expression: 'object.spec.n' },
      { name: 'double', expression: 'variables.n * 2' },
      { name: 'nothing', expression: 'null' },
    ];
    expect(
      reviewed([policy({ variables, validations: [{ expression: 'variables.double == 2 && variables.nothing == null' }] })], [binding()])
        .allowed,
    ).toBe(true);
    const used = reviewed([policy({ variables, validations: [{ expression: 'variables.broken == 2' }] })], [binding()]);
    expect(used).toMatchObject({ allowed: false, message: "expression 'variables.broken == 2' resulted in error: no such key: nope" });
  });

  test('that are used before they are declared are refused', () => {
    const variables = [
      { name: 'a', expression: 'variables.b' },
      { name: 'b', expression: '1' },
    ];
    const [error] = createPolicyAdmission().setPolicies([policy({ variables, validations: [{ expression: 'true' }] })], []);
    expect(error).toMatchObject({ field: 'spec.variables[0].expression' });
    expect(error?.message).toContain("undefined field 'b'");
  });
});

describe('matching', () => {
  const never = [{ expression: 'false' }];
  const denied = (constraints: object, changes: Partial<AdmissionRequest> = {}, spec: object = {}): boolean =>
    !reviewed([policy({ matchConstraints: { resourceRules: [rule], ...constraints }, validations: never })], [binding(spec)], changes)
      .allowed;

  test('is by group, version, operation and resource, with * for any', () => {
    expect(denied({})).toBe(true);
    expect(denied({}, { operation: 'DELETE' })).toBe(false);
    expect(denied({}, { subresource: 'status' })).toBe(false);
    expect(denied({ resourceRules: [{ ...rule, resources: ['things/status'] }] }, { subresource: 'status' })).toBe(true);
    expect(denied({ resourceRules: [{ ...rule, resources: ['things/status'] }] })).toBe(false);
    expect(denied({ resourceRules: [{ ...rule, resources: ['things/*'] }] })).toBe(true);
    expect(denied({ resourceRules: [{ ...rule, resources: ['*'] }] }, { subresource: 'status' })).toBe(false);
    expect(
      denied(
        { resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }] },
        { operation: 'DELETE', subresource: 'scale' },
      ),
    ).toBe(true);
    expect(denied({ resourceRules: [{ ...rule, apiGroups: [''] }] })).toBe(false);
    expect(denied({ resourceRules: [{ ...rule, resourceNames: ['y'] }] })).toBe(false);
  });

  test('is by scope', () => {
    const cluster: Partial<AdmissionRequest> = { namespace: undefined, namespaceObject: undefined };
    expect(denied({ resourceRules: [{ ...rule, scope: 'Cluster' }] })).toBe(false);
    expect(denied({ resourceRules: [{ ...rule, scope: 'Cluster' }] }, cluster)).toBe(true);
    expect(denied({ resourceRules: [{ ...rule, scope: 'Namespaced' }] }, cluster)).toBe(false);
  });

  test('is by labels of the namespace and of either object; exclusions win', () => {
    expect(denied({ namespaceSelector: { matchLabels: { env: 'prod' } } })).toBe(true);
    expect(denied({ namespaceSelector: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] } })).toBe(false);
    expect(denied({ objectSelector: { matchLabels: { tier: 'db' } } })).toBe(false);
    const old: Partial<AdmissionRequest> = { operation: 'UPDATE', oldObject: { metadata: { labels: { tier: 'db' } } } };
    expect(denied({ objectSelector: { matchLabels: { tier: 'db' } } }, old)).toBe(true);
    expect(denied({ excludeResourceRules: [rule] })).toBe(false);
    expect(denied({}, {}, { matchResources: { namespaceSelector: { matchLabels: { env: 'test' } } } })).toBe(false);
  });

  test('needs every matchCondition; one that is false decides even if another fails', () => {
    const withConditions = (...expressions: string[]): AdmissionReview =>
      reviewed(
        [policy({ matchConditions: expressions.map((expression, i) => ({ name: `c${i}`, expression })), validations: never })],
        [binding()],
      );
    expect(withConditions("request.userInfo.username != 'alice'").allowed).toBe(true);
    expect(withConditions("request.userInfo.username == 'alice'").allowed).toBe(false);
    expect(withConditions('object.nope == 1', 'false').allowed).toBe(true);
    expect(withConditions('object.nope == 1', 'true')).toMatchObject({
      allowed: false,
      message: "match condition 'c0' failed: no such key: nope",
    });
  });

  test('without a binding does nothing, and policies cannot lock their own configuration', () => {
    expect(reviewed([policy({ validations: never })], []).allowed).toBe(true);
    expect(reviewed([policy({ validations: never })], [binding({ policyName: 'other' })]).allowed).toBe(true);
    const everything = { resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }] };
    const kind = { group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingAdmissionPolicy' };
    expect(denied(everything, { kind })).toBe(false);
  });
});

describe('a binding', () => {
  const refusing = policy({ validations: [{ expression: 'false', message: 'no' }] });

  test('with Warn warns, with Audit alone lets pass', () => {
    const warned = reviewed([refusing], [binding({ validationActions: ['Warn'] })]);
    expect(warned).toEqual({ allowed: true, warnings: ["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': no"] });
    expect(reviewed([refusing], [binding({ validationActions: ['Audit'] })])).toEqual({ allowed: true, warnings: [] });
    expect(reviewed([refusing], [binding({ validationActions: ['Warn'] }), binding({}, 'c')])).toMatchObject({
      allowed: false,
      binding: 'c',
    });
  });
});

describe('faults are named, and a faulty policy denies what it matches', () => {
  const faults = (policies: object[], bindings: object[] = []): string[] =>
    createPolicyAdmission()
      .setPolicies(policies, bindings)
      .map(({ field, message }) => `${field}: ${message.split('\n')[0]}`);

  test.each([
    [
      { paramKind: { kind: 'X' }, validations: [{ expression: 'true' }] },
      'spec.paramKind: Forbidden: parameter resources are not supported by this server',
    ],
    [{ validations: [] }, 'spec.validations: Required value: validations or auditAnnotations must be present'],
    [
      { validations: [{ expression: 'object.spec.n' }] },
      'spec.validations[0].expression: Invalid value: "object.spec.n": must evaluate to bool but got dyn',
    ],
    [
      { validations: [{ expression: 'true', messageExpression: '1' }] },
      'spec.validations[0].messageExpression: Invalid value: "1": must evaluate to string but got int',
    ],
    [
      { validations: [{ expression: 'true', reason: 'Because' }] },
      'spec.validations[0].reason: Unsupported value: "Because": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"',
    ],
    [
      { validations: [{ expression: 'true' }], failurePolicy: 'Maybe' },
      'spec.failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"',
    ],
    [{ validations: [{ expression: 'true' }], matchConstraints: {} }, 'spec.matchConstraints.resourceRules: Required value'],
  ])('%j', (spec, wanted) => {
    expect(faults([policy(spec)])).toEqual([wanted]);
  });

  test('the authorizer is refused by name, with what to do instead', () => {
    const [error] = createPolicyAdmission().setPolicies(
      [policy({ validations: [{ expression: "authorizer.group('').resource('pods').check('get').allowed()" }] })],
      [],
    );
    expect(error?.message).toContain('the authorizer is not supported by this server: decide by request.userInfo instead');
  });

  test('bindings are checked too', () => {
    expect(faults([], [binding({ validationActions: [] })])).toEqual(['spec.validationActions: Required value']);
    expect(faults([], [binding({ validationActions: ['Deny', 'Warn'] })])[0]).toContain('must not contain both Deny and Warn');
    expect(faults([], [binding({ paramRef: { name: 'x' } })])).toEqual([
      'spec.paramRef: Forbidden: parameter resources are not supported by this server',
    ]);
  });

  test('a faulty policy that is in force anyway fails closed, or open if it says Ignore', () => {
    const admission = createPolicyAdmission();
    const validations = [{ expression: 'object.spec.(' }];
    expect(admission.setPolicies([policy({ validations })], [binding()])).toHaveLength(1);
    expect(admission.review(request())).toMatchObject({ allowed: false, policy: 'p', binding: 'b' });
    expect(admission.review(request({ operation: 'DELETE' })).allowed).toBe(true);
    admission.setPolicies([policy({ validations, failurePolicy: 'Ignore' })], [binding()]);
    expect(admission.review(request()).allowed).toBe(true);
  });
});
