import { type Role, KdrError, Manifest, PROTOCOL, shapeError } from '@kdr/api-types';
import { compileMatch } from '@kdr/api-types/match';
import type { CommonDefinition, NeedOption } from './definition.ts';

/** What only some roles say. */
export type RoleFields = Pick<Manifest, 'level' | 'reversible'> & { intrusive?: Manifest['intrusive'] };

function invalid(name: unknown, why: string, cause?: unknown): KdrError {
  return new KdrError('KDR_INVALID_PLUGIN', `plugin ${JSON.stringify(name)}: ${why}`, { cause });
}

function need(option: NeedOption): Manifest['needs'][number] {
  return typeof option === 'string'
    ? { collector: option, required: true }
    : { collector: option.collector, required: option.required ?? true };
}

function plainSchema(schema: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema)) as Record<string, unknown>;
}

function checkDefinition({ name, parameters, concurrency = 1, match }: CommonDefinition, functions: Record<string, unknown>): void {
  for (const [field, value] of Object.entries(functions)) {
    if (typeof value !== 'function') throw invalid(name, `${field}: a function is required`);
  }
  if (parameters !== undefined && parameters.type !== 'object') throw invalid(name, 'parameters: a Type.Object is required');
  if (!(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 64)) {
    throw invalid(name, 'concurrency: a whole number from 1 to 64 is required');
  }
  try {
    compileMatch(match);
  } catch (cause) {
    throw invalid(name, `match.expression: ${(cause as Error).message}`, cause);
  }
}

/**
 * Checks a definition and says it as a manifest.
 * @param functions what must be a function, by field
 * @throws KdrError KDR_INVALID_PLUGIN, naming the field
 */
export function manifestOf(
  role: Role,
  definition: CommonDefinition,
  functions: Record<string, unknown>,
  fields: RoleFields = {},
): Manifest {
  const { name, version = '0.0.0', description, match, priority, scope = 'node', parameters, findings, timeoutSeconds } = definition;
  checkDefinition(definition, functions);
  const { intrusive = [], ...ofRole } = fields;
  const manifest: Manifest = {
    ...{ name, role, version, protocols: [PROTOCOL], description, match, priority, scope, timeoutSeconds, intrusive },
    ...{ parameters: parameters && plainSchema(parameters), findings: findings && plainSchema(findings) },
    needs: (definition.needs ?? []).map(need),
    privileges: definition.privileges ?? [],
    ...ofRole,
  };
  // As it goes over the wire: without the fields that are undefined.
  const plain = plainSchema(manifest) as unknown as Manifest;
  const error = shapeError(Manifest, plain);
  if (error !== undefined) throw invalid(name, error);
  return plain;
}
