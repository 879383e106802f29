import { DIAGNOSER, RECOVERER } from '@kdr/api-types';
import { customResourceDefinition } from '@kdr/api-types/crd';
import { type Schema, oneOf } from './json-schema.ts';

/** The schema of a registration's spec, as its CRD has it, without the endpoint (the chart writes that) and without words of Kubernetes. */
function specWithoutEndpoint(kind: Parameters<typeof customResourceDefinition>[0]): Schema {
  const crd = customResourceDefinition(kind) as { spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: Schema } } } }[] } };
  const spec = plain(crd.spec.versions[0]?.schema.openAPIV3Schema.properties.spec) as Schema;
  const { endpoint: _endpoint, ...properties } = spec.properties as Record<string, Schema>;
  return { ...spec, required: [], properties };
}

/** Without `x-kubernetes-*`, which mean nothing to Helm; a structural schema prunes, so here every key must be known. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const isFree = 'x-kubernetes-preserve-unknown-fields' in value;
  const entries = Object.entries(value).filter(([key]) => !key.startsWith('x-kubernetes-') && key !== 'default');
  const result = Object.fromEntries(entries.map(([key, child]) => [key, plain(child)]));
  return 'properties' in result && !isFree ? { ...result, additionalProperties: false } : result;
}

/** What may be said of a sidecar: the fields of a Recoverer are those of all three kinds and some more. */
export const RECOVERER_SPEC = specWithoutEndpoint(RECOVERER);
/** Which Abnormals a plugin is for. */
export const MATCH = (specWithoutEndpoint(DIAGNOSER).properties as Record<string, Schema>).match as Schema;
export const LogLevels = oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent');
