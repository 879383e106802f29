import { API_VERSION } from '../group.ts';
import type { Endpoint, RecovererSpec, Registration } from '../kinds/registration.ts';
import type { Role } from './envelope.ts';
import type { Manifest } from './manifest.ts';

/** The kind that registers a plugin of a role. */
export const REGISTERED_AS = {
  collector: 'InformationCollector',
  diagnoser: 'Diagnoser',
  recoverer: 'Recoverer',
} as const satisfies Record<Role, string>;

/** The registration that a plugin's own word makes: what the manifest does not say is left to the defaults of the kind. Pure. */
export function registrationOf(manifest: Manifest, endpoint: Endpoint): Registration {
  const { match, priority, timeoutSeconds, scope, level, reversible } = manifest;
  const recoverer = manifest.role === 'recoverer' ? { level, reversible } : {};
  const spec: RecovererSpec = { match, priority, timeoutSeconds, scope, ...recoverer, endpoint };
  return {
    apiVersion: API_VERSION,
    kind: REGISTERED_AS[manifest.role],
    metadata: { name: manifest.name },
    spec: Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined)) as RecovererSpec,
  };
}
