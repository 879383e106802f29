import { KdrError, shapeError } from '@kdr/api-types';
import type { Static, TObject } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/**
 * The plugin's own parameters out of the shared ones: defaults applied, unknown ones left out.
 * @throws KdrError KDR_PARAMETERS_INVALID, naming the field.
 */
export function readParameters<P extends TObject>(schema: P | undefined, given: Record<string, unknown>): Static<P> {
  if (schema === undefined) return {} as Static<P>;
  const values = Value.Clean(schema, Value.Default(schema, structuredClone(given)));
  const error = shapeError(schema, values);
  if (error !== undefined) throw new KdrError('KDR_PARAMETERS_INVALID', `parameters.${error}`);
  return values as Static<P>;
}
