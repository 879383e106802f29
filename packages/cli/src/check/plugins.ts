import { RESOURCES, type Registration } from '@kdr/api-types';
import { type Check, failed, ok } from './check.ts';
import type { Reader, Seen } from './reader.ts';

/** The kinds that register a plugin, by the word for its role. */
export const ROLES = { collector: 'InformationCollector', diagnoser: 'Diagnoser', recoverer: 'Recoverer' } as const;
export type RoleName = keyof typeof ROLES;

/** The registrations of one role. */
export interface Registered {
  role: RoleName;
  registrations: Seen<Registration[]>;
}

/** Reads all registrations. */
export function readPlugins(reader: Reader): Promise<Registered[]> {
  return Promise.all(
    (Object.keys(ROLES) as RoleName[]).map(async (role) => ({
      role,
      registrations: await reader.list<Registration>(RESOURCES[ROLES[role]]),
    })),
  );
}

/** One line per plugin: ready everywhere, or where not, and why. */
export function checkPlugins(registered: readonly Registered[]): Check[] {
  const denied = registered.flatMap(({ registrations }) => (registrations.state === 'denied' ? [registrations.message] : []));
  if (denied.length > 0) return [failed('plugins', denied[0] ?? '', 'give this user the right to list them (docs/cli.md)')];
  const lines = registered.flatMap(({ role, registrations }) =>
    registrations.state === 'found' ? registrations.value.map((one) => pluginLine(role, one)) : [],
  );
  if (lines.length > 0) return lines;
  return [
    failed(
      'plugins',
      'none is registered: nothing can be diagnosed',
      'the chart registers the reference plugins; `kdr plugins add SOCKET` one of your own',
    ),
  ];
}

function pluginLine(role: RoleName, { metadata, status }: Registration): Check {
  const name = `${role} ${metadata.name}`;
  const ready = status?.conditions?.find((one) => one.type === 'Ready');
  if (ready === undefined) return failed(name, 'no master has looked at it yet', 'look at the line "master"');
  const nodes = `${status?.nodesReady ?? 0} of ${status?.nodesTotal ?? 0}`;
  if (ready.status === 'True') return ok(name, `ready in ${nodes} places, version ${status?.version ?? 'unknown'}`);
  return failed(name, `ready in ${nodes} places: ${status?.lastError ?? ready.message ?? ready.reason}`, nextOf(ready.reason));
}

function nextOf(reason: string): string {
  return reason === 'NoAgent' ? 'look at the line "agents"' : 'look at the log of the container that runs it';
}
