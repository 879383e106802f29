import { InvalidSchema, fieldError } from '../schema/field-error.ts';
import { canonicalJson, isObject } from '../schema/json.ts';
import { humanDuration } from './human-duration.ts';
import { compileJsonPath, type JsonPath } from './json-path.ts';

/** An entry of a CRD's `additionalPrinterColumns`. */
export interface PrinterColumn {
  name: string;
  type: string;
  jsonPath: string;
  priority?: number;
  description?: string;
  format?: string;
}

/** Prints objects as rows of a `meta.k8s.io/v1` Table. */
export interface TablePrinter {
  readonly columnDefinitions: object[];
  /** One row; null where the object has no such value: kubectl shows `<none>`. */
  cells(object: object): unknown[];
}

const nameColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically.',
  priority: 0,
};
const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'CreationTimestamp is a timestamp representing the server time when this object was created.',
};

/**
 * Compiles printer columns (apiextensions customresource/tableconvertor). NAME comes first; without columns AGE follows.
 * @param now the clock that ages are measured with, in milliseconds
 * @throws InvalidSchema for a jsonPath that cannot be read
 */
export function createTablePrinter(columns: readonly PrinterColumn[], now: () => number = Date.now): TablePrinter {
  const shown = columns.length === 0 ? [ageColumn] : columns;
  const cellsOf = shown.map((column, index) => ({ type: column.type, path: pathOf(column, index) }));
  return {
    columnDefinitions: [nameColumn, ...shown.map(definition)],
    cells: (object) => [nameOf(object), ...cellsOf.map(({ type, path }) => cell(type, path(object), now))],
  };
}

function definition(column: PrinterColumn): object {
  return {
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description: column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
    priority: column.priority ?? 0,
  };
}

function pathOf(column: PrinterColumn, index: number): JsonPath {
  try {
    return compileJsonPath(column.jsonPath);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidSchema([
      fieldError(`additionalPrinterColumns[${index}].jsonPath`, 'Invalid', column.jsonPath, `unrecognized column definition: ${why}`),
    ]);
  }
}

function nameOf(object: object): unknown {
  const metadata = (object as { metadata?: unknown }).metadata;
  return isObject(metadata) ? (metadata['name'] ?? '') : '';
}

function cell(type: string, [value]: unknown[], now: () => number): unknown {
  if (value === undefined) return null;
  if (type === 'string') return text(value);
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? age(value, now) : null;
    default:
      return null;
  }
}

// client-go jsonpath PrintResults: objects and lists as JSON, an explicit null as text/template prints it.
function text(value: unknown): string {
  if (value === null) return '<no value>';
  return typeof value === 'object' ? canonicalJson(value) : String(value);
}

function age(value: string, now: () => number): string {
  if (value === '') return '<unknown>';
  const then = /^\d{4}-\d{2}-\d{2}T/i.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(then) ? '<invalid>' : humanDuration(now() - then);
}
