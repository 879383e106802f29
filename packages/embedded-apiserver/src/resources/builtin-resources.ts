import { isObject, valueAt } from '../api/object.ts';
import type { KubernetesObject } from '../api/object.ts';
import { createPolicyAdmission } from '../admission/policy-admission.ts';
import { createTablePrinter } from '../printing/table.ts';
import type { PrinterColumn } from '../printing/table.ts';
import { compileResourceSchema } from '../schema/resource-schema.ts';
import { fieldError } from '../schema/field-error.ts';
import type { FieldError } from '../schema/field-error.ts';
import * as columns from './builtin-columns.ts';
import * as schemas from './builtin-schemas.ts';
import { checkCustomResourceDefinition, completeCustomResourceDefinition } from './custom-resources.ts';
import { createEventPrinter } from './event-printer.ts';
import { fromCoreEvent, toCoreEvent } from './event-conversion.ts';
import type { ResourceDefinition, SelectableField } from './resource-definition.ts';

/** Where CustomResourceDefinitions, policies, bindings, Namespaces and Events are stored. */
export const storageOf = {
  namespaces: 'namespaces',
  events: 'events',
  definitions: 'customresourcedefinitions.apiextensions.k8s.io',
  policies: 'validatingadmissionpolicies.admissionregistration.k8s.io',
  bindings: 'validatingadmissionpolicybindings.admissionregistration.k8s.io',
} as const;

type Builtin = Pick<ResourceDefinition, 'group' | 'version' | 'kind' | 'plural'> &
  Partial<ResourceDefinition> & { schemaSource: object; printed?: PrinterColumn[] };

/** The definitions of the kinds that are served without a CRD. @param now the clock that ages in tables are measured with. */
export function builtinResources(now: () => number): ResourceDefinition[] {
  const builtins: Builtin[] = [...core(now), ...others(now)];
  return builtins.map(({ schemaSource, printed, ...given }) => ({
    listKind: `${given.kind}List`,
    singular: given.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    hasStatus: false,
    hasGeneration: false,
    keepsStatusOnCreate: false,
    needsResourceVersion: false,
    storage: given.group === '' ? given.plural : `${given.plural}.${given.group}`,
    schema: compileResourceSchema(schemaSource, { builtin: true }),
    openApiSchema: schemaSource,
    printer: createTablePrinter(printed ?? [], now),
    selectableFields: [],
    ...given,
  }));
}

function core(now: () => number): Builtin[] {
  const group = { group: '', version: 'v1' };
  return [
    {
      ...group,
      kind: 'Namespace',
      plural: 'namespaces',
      shortNames: ['ns'],
      namespaced: false,
      hasStatus: true,
      schemaSource: schemas.namespaceSchema,
      printed: columns.namespaceColumns,
      selectableFields: [field('status.phase')],
      complete: completeNamespace,
    },
    {
      ...group,
      kind: 'ConfigMap',
      plural: 'configmaps',
      shortNames: ['cm'],
      schemaSource: schemas.configMapSchema,
      printed: columns.plainColumns,
    },
    {
      ...group,
      kind: 'Secret',
      plural: 'secrets',
      schemaSource: schemas.secretSchema,
      printed: columns.secretColumns,
      selectableFields: [field('type')],
      complete: completeSecret,
    },
    {
      ...group,
      kind: 'ServiceAccount',
      plural: 'serviceaccounts',
      shortNames: ['sa'],
      schemaSource: schemas.serviceAccountSchema,
      printed: columns.plainColumns,
    },
    {
      ...group,
      kind: 'Pod',
      plural: 'pods',
      shortNames: ['po'],
      categories: ['all'],
      hasStatus: true,
      hasGeneration: true,
      schemaSource: schemas.podSchema,
      printed: columns.podColumns,
      selectableFields: [
        'spec.nodeName',
        'spec.restartPolicy',
        'spec.schedulerName',
        'spec.serviceAccountName',
        'status.phase',
        'status.podIP',
      ].map(field),
      complete: (object, old) => setPhase(object, old, 'Pending'),
    },
    {
      ...group,
      kind: 'Node',
      plural: 'nodes',
      shortNames: ['no'],
      namespaced: false,
      hasStatus: true,
      keepsStatusOnCreate: true,
      schemaSource: schemas.nodeSchema,
      printed: columns.nodeColumns,
      selectableFields: [field('spec.unschedulable')],
    },
    {
      ...group,
      kind: 'Event',
      plural: 'events',
      shortNames: ['ev'],
      schemaSource: schemas.coreEventSchema,
      printer: createEventPrinter(now),
      selectableFields: eventFields,
      validate: checkEvent,
    },
  ];
}

function others(now: () => number): Builtin[] {
  const admission = {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    namespaced: false,
    categories: ['api-extensions'],
    hasGeneration: true,
  };
  return [
    {
      group: 'events.k8s.io',
      version: 'v1',
      kind: 'Event',
      plural: 'events',
      shortNames: ['ev'],
      storage: storageOf.events,
      schemaSource: schemas.eventSchema,
      printer: createEventPrinter(now),
      selectableFields: eventFields,
      validate: checkEvent,
      convert: { toStored: toCoreEvent, fromStored: fromCoreEvent },
    },
    {
      group: 'coordination.k8s.io',
      version: 'v1',
      kind: 'Lease',
      plural: 'leases',
      schemaSource: schemas.leaseSchema,
      printed: columns.leaseColumns,
    },
    {
      group: 'apiextensions.k8s.io',
      version: 'v1',
      kind: 'CustomResourceDefinition',
      plural: 'customresourcedefinitions',
      shortNames: ['crd', 'crds'],
      categories: ['api-extensions'],
      namespaced: false,
      hasStatus: true,
      hasGeneration: true,
      schemaSource: schemas.customResourceDefinitionSchema,
      printed: columns.definitionColumns,
      complete: completeCustomResourceDefinition,
      validate: checkCustomResourceDefinition,
    },
    {
      ...admission,
      kind: 'ValidatingAdmissionPolicy',
      plural: 'validatingadmissionpolicies',
      hasStatus: true,
      schemaSource: schemas.validatingAdmissionPolicySchema,
      printed: columns.policyColumns,
      validate: (object) => createPolicyAdmission().setPolicies([object], []),
    },
    {
      ...admission,
      kind: 'ValidatingAdmissionPolicyBinding',
      plural: 'validatingadmissionpolicybindings',
      schemaSource: schemas.validatingAdmissionPolicyBindingSchema,
      printed: columns.bindingColumns,
      validate: (object) => createPolicyAdmission().setPolicies([], [object]),
    },
  ];
}

/** A field that is selected by its own path. */
function field(name: string): SelectableField {
  const path = name.split('.');
  return { name, read: (object) => asText(valueAt(object, path)) };
}

function asText(value: unknown): string {
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value as string | number | boolean);
}

/** Fields of both versions of Event, read from the stored shape (k8s.io/kubernetes/pkg/registry/core/event/strategy.go). */
const eventFields: SelectableField[] = [
  ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].flatMap((part) => [
    { name: `involvedObject.${part}`, read: (event: KubernetesObject) => asText(valueAt(event, ['involvedObject', part])) },
    { name: `regarding.${part}`, read: (event: KubernetesObject) => asText(valueAt(event, ['involvedObject', part])) },
  ]),
  field('reason'),
  field('type'),
  field('reportingComponent'),
  { name: 'reportingController', read: (event) => asText(event['reportingComponent']) },
  { name: 'source', read: (event) => asText(valueAt(event, ['source', 'component'])) || asText(event['reportingComponent']) },
];

/** An Event lives in the namespace of its object, one about a cluster-scoped object in `default` (k8s.io/kubernetes/pkg/apis/core/validation/events.go). */
function checkEvent(event: KubernetesObject): FieldError[] {
  const path = isObject(event['regarding']) ? 'regarding' : 'involvedObject';
  const about = asText(valueAt(event, [path, 'namespace']));
  const matches = about === '' ? event.metadata.namespace === 'default' : about === event.metadata.namespace;
  return matches ? [] : [fieldError(`${path}.namespace`, 'Invalid', about, 'does not match event.namespace')];
}

function setPhase(object: KubernetesObject, old: KubernetesObject | undefined, phase: string): void {
  if (old === undefined) object.status = { ...(isObject(object.status) ? object.status : {}), phase };
}

/** Selectors find a namespace by this label (KEP-2161). */
function completeNamespace(namespace: KubernetesObject, old: KubernetesObject | undefined): void {
  const { metadata } = namespace;
  if (metadata.labels === undefined || isObject(metadata.labels))
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  setPhase(namespace, old, 'Active');
}

/** `stringData` is written only: it is merged into `data`, in base64. */
function completeSecret(secret: KubernetesObject): void {
  secret['type'] ??= 'Opaque';
  const { stringData } = secret;
  if (!isObject(stringData)) return;
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  secret['data'] = { ...(isObject(secret['data']) ? secret['data'] : {}), ...Object.fromEntries(encoded) };
  delete secret['stringData'];
}
