import type { KindDefinition, ObjectMeta } from '@kdr/api-types';
import { age } from './age.ts';
import { fieldAt } from './field.ts';

interface Printable {
  metadata: ObjectMeta;
}

/** The columns of a kind: those of its CRD, the same that kubectl prints. */
export function columnsOf(kind: KindDefinition, options: { wide: boolean; namespaces: boolean }) {
  const columns = kind.printerColumns.filter((column) => options.wide || (column.priority ?? 0) === 0);
  return [...(options.namespaces ? ['NAMESPACE'] : []), 'NAME', ...columns.map((column) => column.name.toUpperCase())];
}

/** One row per object, in the order of `columnsOf`. */
export function rowOf(
  kind: KindDefinition,
  object: Printable,
  options: { wide: boolean; namespaces: boolean },
  now = Date.now(),
): string[] {
  const cells = kind.printerColumns
    .filter((column) => options.wide || (column.priority ?? 0) === 0)
    .map((column) => {
      const value = fieldAt(object, column.jsonPath);
      if (column.type === 'date') return age(value as string | undefined, now);
      return value === undefined || value === null ? '' : String(value);
    });
  return [...(options.namespaces ? [object.metadata.namespace ?? ''] : []), object.metadata.name, ...cells];
}
