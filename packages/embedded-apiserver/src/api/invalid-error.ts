import { fieldErrorsText, fieldErrorText } from '../schema/field-error.ts';
import type { FieldError } from '../schema/field-error.ts';
import { StatusError } from './status-error.ts';

/** An answer stays readable and bounded whatever the number of faults. */
const maximumCauses = 100;

/**
 * What refuses an object with these faults: 422 Invalid with one cause for each field; 400 BadRequest when fields are unknown and
 * the request wants to be told (fieldValidation=Strict), as kube-apiserver answers.
 */
export function invalid(kind: { group: string; version: string; kind: string }, name: string, errors: readonly FieldError[]): StatusError {
  const unknown = errors.filter((error) => error.unknownField === true);
  if (unknown.length > 0) return strictDecodingError(kind, unknown);
  const kept = errors.slice(0, maximumCauses);
  const causes = kept.map(({ type, message, field }) => ({ reason: `FieldValue${type}`, message, field }));
  const subject = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const message = `${subject} ${JSON.stringify(name)} is invalid: ${fieldErrorsText(kept)}`;
  return new StatusError(422, 'Invalid', message, { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.kind, causes });
}

function strictDecodingError({ kind, version }: { version: string; kind: string }, errors: readonly FieldError[]): StatusError {
  const faults = errors.slice(0, maximumCauses).map(fieldErrorText).join(', ');
  return new StatusError(
    400,
    'BadRequest',
    `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${faults}`,
  );
}
