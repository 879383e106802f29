import { isObject, timestamp, valueAt } from '../api/object.ts';
import type { KubernetesObject } from '../api/object.ts';
import { fieldError, InvalidSchema } from '../schema/field-error.ts';
import { createTablePrinter } from '../printing/table.ts';
import type { PrinterColumn } from '../printing/table.ts';
import { compileResourceSchema } from '../schema/resource-schema.ts';
import type { FieldError } from '../schema/field-error.ts';
import type { ResourceDefinition, SelectableField } from './resource-definition.ts';

/** apiextensions.k8s.io/v1 CustomResourceDefinition, as far as it is read here. */
export interface CustomResourceDefinition extends KubernetesObject {
  spec: {
    group: string;
    scope: 'Namespaced' | 'Cluster';
    names: { plural: string; singular?: string; kind: string; listKind?: string; shortNames?: string[]; categories?: string[] };
    versions: {
      name: string;
      served: boolean;
      storage: boolean;
      schema?: { openAPIV3Schema?: object };
      subresources?: { status?: object; scale?: object };
      selectableFields?: { jsonPath: string }[];
      additionalPrinterColumns?: PrinterColumn[];
    }[];
  };
}

/** The limits of kube-apiserver for selectable fields (KEP-4358). */
const maximumSelectableFields = 8;

/** The served resource that a CRD describes. @param now the clock that ages in tables are measured with. @throws InvalidSchema when its schema is refused. */
export function customResource(crd: CustomResourceDefinition, now: () => number): ResourceDefinition | undefined {
  const { group, names, scope } = crd.spec;
  const version = crd.spec.versions.find(({ served }) => served);
  if (version === undefined) return undefined;
  const schema = version.schema?.openAPIV3Schema ?? {};
  return {
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    hasStatus: version.subresources?.status !== undefined,
    hasGeneration: true,
    keepsStatusOnCreate: version.subresources?.status === undefined,
    needsResourceVersion: true,
    storage: `${names.plural}.${group}`,
    schema: compileResourceSchema(schema),
    openApiSchema: schema,
    printer: createTablePrinter(version.additionalPrinterColumns ?? [], now),
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => selectableField(jsonPath)),
  };
}

/** Fills in the names that follow from others, and the status that says that the definition is served. */
export function completeCustomResourceDefinition(object: KubernetesObject, old: KubernetesObject | undefined): void {
  const names = valueAt(object, ['spec', 'names']);
  const versions = valueAt(object, ['spec', 'versions']);
  if (!isObject(names) || !Array.isArray(versions)) return; // the schema says what is wrong
  if (typeof names['kind'] === 'string') {
    names['singular'] ??= names['kind'].toLowerCase();
    names['listKind'] ??= `${names['kind']}List`;
  }
  const since = old?.metadata.creationTimestamp ?? object.metadata.creationTimestamp ?? timestamp(Date.now());
  object.status = {
    conditions: [
      { type: 'NamesAccepted', status: 'True', lastTransitionTime: since, reason: 'NoConflicts', message: 'no conflicts found' },
      {
        type: 'Established',
        status: 'True',
        lastTransitionTime: since,
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      },
    ],
    acceptedNames: names,
    storedVersions: versions
      .filter((version) => isObject(version) && version['storage'] === true)
      .map((version: { name: string }) => version.name),
  };
}

/** The rules of a CRD that its schema cannot say, and this server's own: one version. */
export function checkCustomResourceDefinition(object: KubernetesObject, old: KubernetesObject | undefined): FieldError[] {
  const crd = object as CustomResourceDefinition;
  const errors = [...checkNames(crd), ...checkVersions(crd), ...(old ? checkImmutable(crd, old as CustomResourceDefinition) : [])];
  return errors.length > 0 ? errors : checkSchema(crd);
}

function checkNames({ metadata, spec: { group, names } }: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = [];
  const label = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/.test(group)) {
    errors.push(fieldError('spec.group', 'Invalid', group, 'should be a domain with at least one dot'));
  } else if (group.endsWith('.k8s.io') && reserved.has(group)) {
    errors.push(fieldError('spec.group', 'Invalid', group, 'is served by this server itself'));
  }
  if (!label.test(names.plural))
    errors.push(fieldError('spec.names.plural', 'Invalid', names.plural, 'must be a lower case RFC 1123 label'));
  for (const [index, shortName] of (names.shortNames ?? []).entries()) {
    if (!label.test(shortName))
      errors.push(fieldError(`spec.names.shortNames[${index}]`, 'Invalid', shortName, 'must be a lower case RFC 1123 label'));
  }
  if (!/^[A-Z][A-Za-z0-9]{0,62}$/.test(names.kind))
    errors.push(fieldError('spec.names.kind', 'Invalid', names.kind, 'must be a CamelCase word'));
  if (metadata.name !== `${names.plural}.${group}`) {
    errors.push(fieldError('metadata.name', 'Invalid', metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  return errors;
}

const reserved = new Set([
  'apiextensions.k8s.io',
  'admissionregistration.k8s.io',
  'coordination.k8s.io',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
]);

function checkVersions({ spec: { versions } }: CustomResourceDefinition): FieldError[] {
  if (versions.length !== 1) {
    return [
      fieldError(
        'spec.versions',
        'Invalid',
        versions.map(({ name }) => name),
        'this server serves exactly one version of a custom resource, which is also the stored one',
      ),
    ];
  }
  const version = versions[0]!;
  const errors: FieldError[] = [];
  if (!/^v[1-9][0-9]*((alpha|beta)[1-9][0-9]*)?$/.test(version.name)) {
    errors.push(fieldError('spec.versions[0].name', 'Invalid', version.name, 'must be a version such as v1 or v1alpha1'));
  }
  if (!version.storage)
    errors.push(fieldError('spec.versions', 'Invalid', version.name, 'must have exactly one version marked as storage version'));
  if (version.schema?.openAPIV3Schema === undefined) {
    errors.push(fieldError('spec.versions[0].schema.openAPIV3Schema', 'Required', undefined, 'schemas are required'));
  }
  if (version.subresources?.scale !== undefined) {
    errors.push(fieldError('spec.versions[0].subresources.scale', 'Forbidden', undefined, 'this server has no scale subresource'));
  }
  const selectable = version.selectableFields ?? [];
  if (selectable.length > maximumSelectableFields) {
    errors.push(
      fieldError('spec.versions[0].selectableFields', 'TooMany', selectable.length, `must have at most ${maximumSelectableFields} items`),
    );
  }
  for (const [index, { jsonPath }] of selectable.entries()) {
    if (!simplePath.test(jsonPath) || jsonPath.startsWith('.metadata')) {
      errors.push(
        fieldError(
          `spec.versions[0].selectableFields[${index}].jsonPath`,
          'Invalid',
          jsonPath,
          'must be a path of field names outside of metadata, such as .spec.color',
        ),
      );
    }
  }
  return errors;
}

function checkImmutable(crd: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const immutable: [string, unknown, unknown][] = [
    ['spec.scope', crd.spec.scope, old.spec.scope],
    ['spec.names.kind', crd.spec.names.kind, old.spec.names.kind],
    ['spec.versions[0].name', crd.spec.versions[0]?.name, old.spec.versions[0]?.name],
  ];
  return immutable.filter(([, now, before]) => now !== before).map(([path, now]) => fieldError(path, 'Invalid', now, 'field is immutable'));
}

function checkSchema({ spec }: CustomResourceDefinition): FieldError[] {
  const { schema, additionalPrinterColumns = [] } = spec.versions[0]!;
  return [
    ...refusals('spec.versions[0].schema.openAPIV3Schema.', () => compileResourceSchema(schema!.openAPIV3Schema!)),
    ...refusals('spec.versions[0].', () => createTablePrinter(additionalPrinterColumns)),
  ];
}

function refusals(prefix: string, compile: () => unknown): FieldError[] {
  try {
    compile();
    return [];
  } catch (error) {
    if (!(error instanceof InvalidSchema)) throw error;
    return error.errors.map((each) => ({ ...each, field: `${prefix}${each.field}` }));
  }
}

const simplePath = /^(\.[A-Za-z_][A-Za-z0-9_]*)+$/;

function selectableField(jsonPath: string): SelectableField {
  const name = jsonPath.slice(1);
  const path = name.split('.');
  return {
    name,
    read(object) {
      const value = valueAt(object, path);
      return value === undefined || value === null || typeof value === 'object' ? '' : String(value as string | number | boolean);
    },
  };
}
