// OpenAPI v3 schemas of the built-in kinds: what `kubectl explain` shows and what writes are checked against. Pod and Node are
// stored as given below their top level: this server schedules nothing and runs nothing, so it has no opinion on them.

const string = { type: 'string' };
const integer = { type: 'integer' };
const boolean = { type: 'boolean' };
const time = { type: 'string', format: 'date-time', nullable: true };
const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const strings = { type: 'array', items: string };
const stringMap = { type: 'object', additionalProperties: string };
const list = (items: object) => ({ type: 'array', items });

function object(properties: Record<string, object>, required: string[] = [], description?: string): object {
  return { type: 'object', ...(description ? { description } : {}), properties, ...(required.length > 0 ? { required } : {}) };
}

function kind(description: string, properties: Record<string, object>, required: string[] = []): object {
  return object({ apiVersion: string, kind: string, metadata: { type: 'object' }, ...properties }, required, description);
}

const objectReference = object({
  apiVersion: string,
  kind: string,
  namespace: string,
  name: string,
  uid: string,
  resourceVersion: string,
  fieldPath: string,
});
const eventSource = object({ component: string, host: string });
const eventSeries = object({ count: integer, lastObservedTime: time });
const labelSelector = object({
  matchLabels: stringMap,
  matchExpressions: list(object({ key: string, operator: string, values: strings }, ['key', 'operator'])),
});
const conditions = list(
  object({ type: string, status: string, reason: string, message: string, observedGeneration: integer, lastTransitionTime: time }, [
    'type',
    'status',
  ]),
);

export const namespaceSchema = kind('Namespace provides a scope for Names.', {
  spec: object({ finalizers: strings }),
  status: object({ phase: string, conditions: list(anything) }),
});

export const configMapSchema = kind('ConfigMap holds configuration data for pods to consume.', {
  data: stringMap,
  binaryData: { type: 'object', additionalProperties: { type: 'string', format: 'byte' } },
  immutable: boolean,
});

export const secretSchema = kind('Secret holds secret data of a certain type.', {
  type: string,
  data: { type: 'object', additionalProperties: { type: 'string', format: 'byte' } },
  stringData: stringMap,
  immutable: boolean,
});

export const serviceAccountSchema = kind('ServiceAccount binds together a name and an identity.', {
  secrets: list(objectReference),
  imagePullSecrets: list(object({ name: string })),
  automountServiceAccountToken: boolean,
});

export const podSchema = kind('Pod is a collection of containers that can run on a host.', { spec: anything, status: anything });
export const nodeSchema = kind('Node is a worker node.', { spec: anything, status: anything });

export const leaseSchema = kind('Lease defines a lease concept.', {
  spec: object({
    holderIdentity: string,
    leaseDurationSeconds: { type: 'integer', minimum: 1 },
    acquireTime: time,
    renewTime: time,
    leaseTransitions: { type: 'integer', minimum: 0 },
    preferredHolder: string,
    strategy: string,
  }),
});

export const coreEventSchema = kind(
  'Event is a report of an event somewhere in the cluster.',
  {
    involvedObject: objectReference,
    reason: string,
    message: string,
    source: eventSource,
    firstTimestamp: time,
    lastTimestamp: time,
    count: integer,
    type: string,
    eventTime: time,
    series: eventSeries,
    action: string,
    related: objectReference,
    reportingComponent: string,
    reportingInstance: string,
  },
  ['involvedObject'],
);

export const eventSchema = kind('Event is a report of an event somewhere in the cluster.', {
  regarding: objectReference,
  reason: string,
  note: string,
  deprecatedSource: eventSource,
  deprecatedFirstTimestamp: time,
  deprecatedLastTimestamp: time,
  deprecatedCount: integer,
  type: string,
  eventTime: time,
  series: eventSeries,
  action: string,
  related: objectReference,
  reportingController: string,
  reportingInstance: string,
});

const matchResources = object({
  namespaceSelector: labelSelector,
  objectSelector: labelSelector,
  resourceRules: list(anything),
  excludeResourceRules: list(anything),
  matchPolicy: { type: 'string', enum: ['Exact', 'Equivalent'] },
});

export const validatingAdmissionPolicySchema = kind(
  'ValidatingAdmissionPolicy describes the definition of an admission validation policy that accepts or rejects an object without changing it.',
  {
    spec: object({
      paramKind: object({ apiVersion: string, kind: string }),
      matchConstraints: matchResources,
      matchConditions: list(object({ name: string, expression: string }, ['name', 'expression'])),
      variables: list(object({ name: string, expression: string }, ['name', 'expression'])),
      validations: list(object({ expression: string, message: string, messageExpression: string, reason: string }, ['expression'])),
      auditAnnotations: list(object({ key: string, valueExpression: string }, ['key', 'valueExpression'])),
      failurePolicy: { type: 'string', enum: ['Fail', 'Ignore'] },
    }),
    status: object({ observedGeneration: integer, typeChecking: anything, conditions }),
  },
  ['spec'],
);

export const validatingAdmissionPolicyBindingSchema = kind(
  'ValidatingAdmissionPolicyBinding binds the ValidatingAdmissionPolicy with paramerized resources.',
  {
    spec: object(
      {
        policyName: string,
        paramRef: anything,
        matchResources,
        validationActions: list({ type: 'string', enum: ['Deny', 'Warn', 'Audit'] }),
      },
      ['policyName', 'validationActions'],
    ),
  },
  ['spec'],
);

export const customResourceDefinitionSchema = kind(
  'CustomResourceDefinition represents a resource that should be exposed on the API server.',
  {
    spec: object(
      {
        group: string,
        scope: { type: 'string', enum: ['Namespaced', 'Cluster'] },
        names: object({ plural: string, singular: string, kind: string, listKind: string, shortNames: strings, categories: strings }, [
          'plural',
          'kind',
        ]),
        versions: list(
          object(
            {
              name: string,
              served: boolean,
              storage: boolean,
              deprecated: boolean,
              deprecationWarning: string,
              schema: object({ openAPIV3Schema: anything }),
              subresources: object({ status: anything, scale: anything }),
              selectableFields: list(object({ jsonPath: string }, ['jsonPath'])),
              additionalPrinterColumns: list(
                object({ name: string, type: string, jsonPath: string, format: string, description: string, priority: integer }, [
                  'name',
                  'type',
                  'jsonPath',
                ]),
              ),
            },
            ['name', 'served', 'storage'],
          ),
        ),
        conversion: anything,
        preserveUnknownFields: boolean,
      },
      ['group', 'names', 'scope', 'versions'],
    ),
    status: object({ conditions: list(anything), acceptedNames: anything, storedVersions: strings }),
  },
  ['spec'],
);
