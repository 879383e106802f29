import type { KubernetesObject } from '../api/object.ts';
import type { ResourceDefinition, SelectableField } from '../resources/resource-definition.ts';
import type { SelectorView, StoredRecord } from '../storage/change-log.ts';
import { parseFieldSelector } from './field-selector.ts';
import type { FieldRequirement } from './field-selector.ts';
import { parseLabelSelector } from './label-selector.ts';

/** Which objects of a resource a list or watch asked for. */
export interface Selector {
  matches(record: StoredRecord): boolean;
  /** A field that has to have one value: watchers are found by it instead of being asked one by one. */
  pinned?: { field: SelectableField; value: string };
}

/**
 * Combines a namespace, a name and the query's labelSelector and fieldSelector.
 * @throws StatusError 400 for a selector that is none or names a field that the resource cannot be selected by.
 */
export function createSelector(
  definition: ResourceDefinition,
  scope: { namespace?: string; name?: string; labelSelector?: string; fieldSelector?: string },
): Selector {
  const known = fieldsOf(definition);
  const labels = parseLabelSelector(scope.labelSelector ?? '');
  const requirements = parseFieldSelector(scope.fieldSelector ?? '', new Set(known.keys()));
  if (scope.name !== undefined) requirements.push({ field: 'metadata.name', value: scope.name, equal: true });
  const onKey = requirements.filter(({ field }) => field in keyFields);
  const onContent = requirements.filter(({ field }) => !(field in keyFields));
  const pin = onContent.find(({ equal }) => equal);
  return {
    matches(record) {
      if (scope.namespace !== undefined && record.namespace !== scope.namespace) return false;
      if (!onKey.every((each) => holds(each, keyFields[each.field]!(record)))) return false;
      if (labels !== undefined && !labels(labelsOf(record))) return false;
      return onContent.every((each) => holds(each, fieldValue(record, known.get(each.field)!)));
    },
    ...(pin ? { pinned: { field: known.get(pin.field)!, value: pin.value } } : {}),
  };
}

const keyFields: Record<string, (record: StoredRecord) => string> = {
  'metadata.name': ({ name }) => name,
  'metadata.namespace': ({ namespace }) => namespace,
};

const ofEveryResource: SelectableField[] = [
  { name: 'metadata.name', read: ({ metadata }) => metadata.name },
  { name: 'metadata.namespace', read: ({ metadata }) => metadata.namespace ?? '' },
];

function fieldsOf(definition: ResourceDefinition): Map<string, SelectableField> {
  return new Map([...ofEveryResource, ...definition.selectableFields].map((field) => [field.name, field]));
}

function holds({ value, equal }: FieldRequirement, actual: string): boolean {
  return (actual === value) === equal;
}

/** The labels of a stored object. */
export function labelsOf(record: StoredRecord): Record<string, string> {
  return (record.view ?? parse(record, [])).labels;
}

/** The value of a selectable field of a stored object. */
export function fieldValue(record: StoredRecord, field: SelectableField): string {
  return record.view?.fields.get(field) ?? parse(record, [field]).fields.get(field)!;
}

/** Notes what selectors will ask of a record while its object is at hand, so that it is not parsed for it. */
export function primeView(record: StoredRecord, object: KubernetesObject, fields: readonly SelectableField[]): void {
  record.view ??= { labels: object.metadata.labels ?? {}, fields: new Map() };
  for (const field of fields) record.view.fields.set(field, field.read(object));
}

function parse(record: StoredRecord, fields: readonly SelectableField[]): SelectorView {
  primeView(record, JSON.parse(record.json) as KubernetesObject, fields);
  return record.view!;
}
