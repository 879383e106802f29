import type { FieldError } from '../schema/field-error.ts';
import { fieldError } from '../schema/field-error.ts';
import { isObject } from '../schema/json.ts';

/** Whether labels are selected. */
export type LabelSelector = (labels: Readonly<Record<string, unknown>>) => boolean;

const everything: LabelSelector = () => true;

/**
 * Reads a `meta.k8s.io/v1` LabelSelector; an absent or empty one selects everything.
 * Faults are appended to `errors`, and such a requirement selects nothing.
 */
export function readLabelSelector(raw: unknown, path: string, errors: FieldError[]): LabelSelector {
  if (raw === undefined || raw === null) return everything;
  if (!isObject(raw)) {
    errors.push(fieldError(path, 'Invalid', raw, 'must be a label selector'));
    return () => false;
  }
  const requirements: LabelSelector[] = [];
  const matchLabels = raw['matchLabels'];
  if (isObject(matchLabels)) {
    for (const [key, value] of Object.entries(matchLabels)) requirements.push((labels) => labels[key] === value);
  }
  const expressions = raw['matchExpressions'];
  if (Array.isArray(expressions)) {
    expressions.forEach((expression, i) => requirements.push(readRequirement(expression, `${path}.matchExpressions[${i}]`, errors)));
  }
  return requirements.length === 0 ? everything : (labels) => requirements.every((holds) => holds(labels));
}

function readRequirement(raw: unknown, path: string, errors: FieldError[]): LabelSelector {
  const { key, operator, values } = isObject(raw) ? raw : {};
  const wanted: unknown[] = Array.isArray(values) ? values : [];
  if (typeof key !== 'string' || key === '') errors.push(fieldError(`${path}.key`, 'Required', undefined, 'key must be specified'));
  const name = typeof key === 'string' ? key : '';
  const withValues = operator === 'In' || operator === 'NotIn';
  if (withValues && wanted.length === 0) {
    errors.push(fieldError(`${path}.values`, 'Required', undefined, "must be specified when `operator` is 'In' or 'NotIn'"));
  }
  switch (operator) {
    case 'In':
      return (labels) => Object.hasOwn(labels, name) && wanted.includes(labels[name]);
    case 'NotIn':
      return (labels) => !Object.hasOwn(labels, name) || !wanted.includes(labels[name]);
    case 'Exists':
      return (labels) => Object.hasOwn(labels, name);
    case 'DoesNotExist':
      return (labels) => !Object.hasOwn(labels, name);
    default:
      errors.push(
        fieldError(`${path}.operator`, 'NotSupported', operator ?? '', 'supported values: "In", "NotIn", "Exists", "DoesNotExist"'),
      );
      return () => false;
  }
}
