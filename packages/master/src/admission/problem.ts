/** What is wrong with one field of an object that somebody wants to write. */
export interface Problem {
  /** Dotted path, as the API server writes it: `spec.match.expression`, `spec.diagnosers[0]`. */
  field: string;
  message: string;
  /** Invalid (the default): the value itself. Forbidden: this requester may not. */
  kind?: 'Invalid' | 'Forbidden';
}

/** The problem that an attempt throws; none if it passes. */
export function problemOf(field: string, attempt: () => unknown): Problem[] {
  try {
    attempt();
    return [];
  } catch (error) {
    return [{ field, message: (error as Error).message }];
  }
}

/** Free objects can't be bounded by a CRD's schema. */
const PARAMETERS_BYTES = 16_384;

/** `spec.parameters` and the like: 16 KiB of JSON at most. */
export function parametersProblems(field: string, parameters: unknown): Problem[] {
  const bytes = parameters === undefined ? 0 : Buffer.byteLength(JSON.stringify(parameters));
  return bytes <= PARAMETERS_BYTES ? [] : [{ field, message: `has ${bytes} bytes, and may have ${PARAMETERS_BYTES}` }];
}
