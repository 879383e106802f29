import { canonicalJson } from './json.ts';

/** Kinds of field errors, named as the suffix of apimachinery's `FieldValue…` causes. */
export type FieldErrorType = 'Required' | 'Invalid' | 'NotSupported' | 'TooLong' | 'TooMany' | 'Duplicate' | 'Forbidden' | 'TypeInvalid';

/**
 * One refused field. `message` is the body without the field (`Invalid value: "x": must be …`), as
 * `Status.details.causes[].message` has it; {@link fieldErrorText} adds the field.
 */
export interface FieldError {
  /** Path as the real API server prints it: `spec.nodeName`, `spec.list[0].x`; `<nil>` for the whole object. */
  field: string;
  type: FieldErrorType;
  message: string;
  value?: unknown;
  /** Set when the error is an unknown field under `fieldValidation: Strict`; the real server answers those with 400, not 422. */
  unknownField?: true;
}

// apimachinery pkg/util/validation/field/errors.go, ErrorType.String()
const titles: Record<FieldErrorType, string> = {
  Required: 'Required value',
  Invalid: 'Invalid value',
  NotSupported: 'Unsupported value',
  TooLong: 'Too long',
  TooMany: 'Too many',
  Duplicate: 'Duplicate value',
  Forbidden: 'Forbidden',
  TypeInvalid: 'Invalid value',
};

const withoutValue: ReadonlySet<FieldErrorType> = new Set(['Required', 'Forbidden', 'TooLong']);
// A refused value is quoted back at most this long, so that a 1 MiB string does not travel three times.
const maxQuotedValue = 1024;

/** Builds a field error whose body is worded as apimachinery's `ErrorBody()`. */
export function fieldError(field: string, type: FieldErrorType, value: unknown, detail: string): FieldError {
  const shown = withoutValue.has(type) ? '' : `: ${quote(value)}`;
  const message = `${titles[type]}${shown}${detail === '' ? '' : `: ${detail}`}`;
  const error: FieldError = { field: field === '' ? '<nil>' : field, type, message };
  if (shown !== '') error.value = value;
  return error;
}

function quote(value: unknown): string {
  const text = canonicalJson(value);
  return text.length <= maxQuotedValue ? text : `${text.slice(0, maxQuotedValue)}…`;
}

/** `field: message`, the line that kubectl prints. */
export function fieldErrorText(error: FieldError): string {
  return error.unknownField === true ? error.message : `${error.field}: ${error.message}`;
}

/**
 * All errors as one text, as apimachinery's `ToAggregate().Error()`: one error alone, several in brackets, repeated ones once.
 */
export function fieldErrorsText(errors: readonly FieldError[]): string {
  const lines = [...new Set(errors.map(fieldErrorText))];
  return lines.length === 1 ? (lines[0] ?? '') : `[${lines.join(', ')}]`;
}

/** Thrown when a schema itself is refused: not structural, or a rule in it that does not compile. */
export class InvalidSchema extends Error {
  readonly code = 'KDR_INVALID_SCHEMA';
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    super(fieldErrorsText(errors));
    this.name = 'InvalidSchema';
    this.errors = errors;
  }
}
