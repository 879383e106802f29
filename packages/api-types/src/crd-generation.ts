import type { TSchema } from '@sinclair/typebox';
import { CATEGORY, GROUP, VERSION } from './group.ts';
import { KINDS } from './kinds/kinds.ts';
import type { KindDefinition } from './meta.ts';

type Json = Record<string, unknown>;

/** Keywords of JSON Schema that a CRD's structural schema takes over as they are. */
const KEPT = new Set([
  ...['description', 'type', 'format', 'enum', 'default', 'nullable', 'pattern', 'minimum', 'maximum', 'minLength', 'maxLength'],
  ...['minItems', 'maxItems', 'minProperties', 'maxProperties', 'required'],
]);

/**
 * A TypeBox schema as a structural schema (KEP-1146: every level has a type, no `$ref`, no unions of objects).
 * @throws Error for a schema that has no structural form: a mistake in a kind, found by the tests.
 */
export function structuralSchema(schema: TSchema, path = '$'): Json {
  const result: Json = {};
  for (const [key, value] of Object.entries(schema as Json)) {
    if (KEPT.has(key) || key.startsWith('x-kubernetes-')) result[key] = value;
    else if (key === 'properties') {
      result.properties = Object.fromEntries(
        Object.entries(value as Json).map(([name, child]) => [name, structuralSchema(child as TSchema, `${path}.${name}`)]),
      );
    } else if (key === 'items') result.items = structuralSchema(value as TSchema, `${path}[]`);
    else if (key === 'patternProperties')
      result.additionalProperties = structuralSchema(Object.values(value as Json)[0] as TSchema, `${path}{}`);
    else if (key !== 'additionalProperties') throw new Error(`${path}: "${key}" has no structural form`);
  }
  if (result.type === undefined) throw new Error(`${path}: no type`);
  return result;
}

/** The CustomResourceDefinition of one kind, apiextensions.k8s.io/v1. `selectableFields` needs Kubernetes ≥ 1.31 (KEP-4358). */
export function customResourceDefinition(kind: KindDefinition): Json {
  const properties: Json = {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec: structuralSchema(kind.spec, `${kind.kind}.spec`),
    ...(kind.status === undefined ? {} : { status: structuralSchema(kind.status, `${kind.kind}.status`) }),
  };
  const version: Json = {
    name: VERSION,
    served: true,
    storage: true,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        description: kind.description,
        required: ['spec'],
        properties,
        ...(kind.rootRules === undefined ? {} : { 'x-kubernetes-validations': kind.rootRules }),
      },
    },
    additionalPrinterColumns: kind.printerColumns,
    ...(kind.status === undefined ? {} : { subresources: { status: {} } }),
    ...(kind.selectableFields === undefined ? {} : { selectableFields: kind.selectableFields.map((jsonPath) => ({ jsonPath })) }),
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: kind.scope,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        shortNames: kind.shortNames,
        categories: [CATEGORY],
      },
      versions: [version],
    },
  };
}

/** The CRDs of every kind, in the order in which docs list them. */
export function customResourceDefinitions(): Json[] {
  return KINDS.map(customResourceDefinition);
}
