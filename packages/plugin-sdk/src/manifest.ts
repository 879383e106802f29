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

/** Checks a definition and says it as a manifest. @throws KdrError KDR_INVALID_PLUGIN, naming the field. */
export function manifestOf(role: Role, definition: CommonDefinition, functions: string[], fields: RoleFields = {}): Manifest {
  const {
    name,
    version = '0.0.0',
    description,
    match,
    priority,
    scope = 'node',
    parameters,
    findings,
    timeoutSeconds,
    concurrency,
  } = definition;
  for (const each of functions) {
    if (typeof Reflect.get(definition, each) !== 'function') throw invalid(name, `${each}: a function is required`);
  }
  if (parameters !== undefined && parameters.type !== 'object') throw invalid(name, 'parameters: a Type.Object is required');
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 64)) {
    throw invalid(name, 'concurrency: a whole number from 1 to 64 is required');
  }
  const { intrusive = [], ...ofRole } = fields;
  const manifest: Manifest = {
    ...{ name, role, version, protocols: [PROTOCOL], description, match, priority, scope, timeoutSeconds, intrusive },
    needs: (definition.needs ?? []).map(need),
    privileges: definition.privileges ?? [],
    ...(parameters !== undefined && { parameters: plainSchema(parameters) }),
    ...(findings !== undefined && { findings: plainSchema(findings) }),
    ...ofRole,
  };
  const plain = plainSchema(manifest) as unknown as Manifest;
  const error = shapeError(Manifest, plain);
  if (error !== undefined) throw invalid(name, error);
  try {
    compileMatch(match);
  } catch (cause) {
    throw invalid(name, `match.expression: ${(cause as Error).message}`, cause);
  }
  return plain;
}
