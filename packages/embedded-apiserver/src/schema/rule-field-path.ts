import type { PathSegment } from './field-path.ts';
import type { SchemaNode } from './schema-node.ts';

/**
 * Reads the `fieldPath` of a rule (`.spec.name`, `.labels['a.b']`) relative to the schema that has the rule.
 * @returns undefined unless every step is a property, or a key of a map, of that schema
 */
export function relativeFieldPath(text: string, schema: SchemaNode): PathSegment[] | undefined {
  const step = /\.([^.[\]']+)|\['((?:[^'\\]|\\.)*)'\]/y;
  const segments: PathSegment[] = [];
  let at: SchemaNode | undefined = schema;
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (match === null || at === undefined) return undefined;
    const name = match[1] ?? (match[2] ?? '').replaceAll(/\\(.)/g, '$1');
    const property = at.properties.get(name);
    const additional: SchemaNode | boolean | undefined = at.additionalProperties;
    if (property === undefined && typeof additional !== 'object') return undefined;
    segments.push(property === undefined ? `[${name}]` : name);
    at = property ?? (typeof additional === 'object' ? additional : undefined);
  }
  return segments.length === 0 ? undefined : segments;
}
