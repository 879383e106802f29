import type { ChartValue } from './values-comments.ts';

/** A JSON Schema, as far as values of a chart need it (draft-07, which Helm understands). */
export type Schema = Record<string, unknown>;

/** A section: no key but these. */
export const section = (properties: Record<string, Schema>): Schema => ({ type: 'object', additionalProperties: false, properties });
/** A section whose keys are not known here. */
export const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const oneOf = (...words: string[]): Schema => ({ enum: words });
export const int = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
export const text = (pattern?: string): Schema => ({ type: 'string', ...(pattern !== undefined && { pattern }) });
export const yesNo: Schema = { type: 'boolean' };
/** A part of a Pod that Kubernetes itself checks. */
export const free: Schema = { type: 'object' };

export const port = int(1, 65_535);
export const words = mapOf(text());
export const path = text('^/');
export const capabilities = list(text('^[A-Z][A-Z_]+$'));
export const environment = list({ type: 'object', required: ['name'], properties: { name: text('^[A-Za-z_][A-Za-z0-9_]*$') } });
export const image = section({
  registry: text('^[^\\s/]*[^\\s]*$'),
  repository: { ...text('^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$'), minLength: 1 },
  tag: text('^(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$'),
  digest: text('^(?:sha256:[0-9a-f]{64})?$'),
});
const quantity: Schema = { type: ['string', 'number'], pattern: '^[0-9.]+(?:[EPTGMk]i?|m)?$' };
export const resources = section({ requests: mapOf(quantity), limits: mapOf(quantity), claims: list(free) });

/** Where and as what a workload runs: the same keys for each. */
export const workload = {
  resources,
  priorityClassName: text(),
  nodeSelector: words,
  tolerations: list(free),
  affinity: free,
  podAnnotations: words,
  podLabels: words,
  extraEnv: environment,
  serviceAccountAnnotations: words,
  terminationGracePeriodSeconds: int(1, 3600),
};

/**
 * The values.schema.json of a chart: the shapes, each with what values.yaml says of it.
 * @throws Error where one of both has a value that the other lacks.
 */
export function valuesSchema(title: string, root: Schema, values: readonly ChartValue[]): string {
  // Not structuredClone: it would keep one object where several keys share a shape, and each has a description of its own.
  const described = JSON.parse(JSON.stringify(root)) as Schema;
  const known = new Set<string>();
  for (const { path, description } of values) {
    const leaf = path.reduce<Schema | undefined>(
      (schema, key) => (schema?.properties as Record<string, Schema> | undefined)?.[key],
      described,
    );
    if (leaf === undefined) throw new Error(`${title}: the schema lacks ${path.join('.')}`);
    leaf.description = description;
    known.add(path.join('.'));
  }
  for (const leaf of leaves(described)) if (!known.has(leaf)) throw new Error(`${title}: values.yaml lacks ${leaf}`);
  return `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', title: `Values of the chart ${title}`, ...described }, undefined, 2)}\n`;
}

/** Paths of what is not a section; a described section (resources, image of a sidecar) is a leaf of values.yaml. */
function leaves(schema: Schema, path: string[] = []): string[] {
  const properties = schema.properties as Record<string, Schema> | undefined;
  if (properties === undefined || schema.description !== undefined) return [path.join('.')];
  return Object.entries(properties).flatMap(([key, child]) => leaves(child, [...path, key]));
}
