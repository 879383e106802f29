import { resolve } from 'node:path';
import { KdrError, REGISTERED_AS, RESOURCES, type Registration, registrationOf } from '@kdr/api-types';
import type { Command } from 'commander';
import { fieldAt } from '../output/field.ts';
import { formatOption } from '../output/format.ts';
import { table } from '../output/table.ts';
import { type CliContext, type ConnectionFlags, connectionFlags, withSession } from '../session.ts';
import { applyObject } from '../up/cluster-objects.ts';
import { askManifest } from '../up/plugin-registration.ts';

const KINDS = [
  ['collector', 'InformationCollector'],
  ['diagnoser', 'Diagnoser'],
  ['recoverer', 'Recoverer'],
] as const;

/** `kdr plugins`, `kdr plugins add SOCKET`, `kdr plugins remove NAME`: the registered plugins and whether they are ready. */
export function registerPlugins(program: Command, context: CliContext): void {
  const plugins = program.command('plugins').description('The registered plugins, whether they are ready, and why not');
  connectionFlags(plugins.command('list', { isDefault: true }).description('List them'))
    .addOption(formatOption(['json'], 'format'))
    .action((flags: ConnectionFlags & { output?: string }) =>
      withSession(context, flags, async ({ client }) => {
        const found = await Promise.all(
          KINDS.map(async ([role, kind]) => (await client.list<Registration>(RESOURCES[kind])).items.map((item) => ({ role, item }))),
        );
        const all = found.flat();
        if (flags.output === 'json')
          return context.out.print(
            JSON.stringify(
              all.map(({ role, item }) => ({ role, ...item })),
              undefined,
              2,
            ),
          );
        if (all.length === 0) return context.out.note('No plugin is registered. `kdr plugins add SOCKET` registers one.');
        const rows = all.map(({ role, item }) => [
          item.metadata.name,
          role,
          String(fieldAt(item, '.status.conditions[?(@.type=="Ready")].status') ?? 'Unknown'),
          `${item.status?.nodesReady ?? 0}/${item.status?.nodesTotal ?? 0}`,
          item.status?.version ?? '',
          item.status?.lastError ?? '',
        ]);
        context.out.print(table(['NAME', 'ROLE', 'READY', 'NODES', 'VERSION', 'ERROR'], rows));
      }),
    );
  connectionFlags(
    plugins.command('add').description('Ask a plugin for its manifest and register it').argument('<socket>', 'path of its unix socket'),
  ).action((path: string, flags: object) =>
    withSession(context, flags, async ({ client }) => {
      if (/^https?:/.test(path))
        throw new KdrError(
          'KDR_CLI_USAGE',
          'plugins behind a URL are registered by an object: kubectl create -f (endpoint.url with caBundle)',
        );
      const socket = resolve(path);
      const manifest = await askManifest(socket);
      const kind = REGISTERED_AS[manifest.role];
      await applyObject(client, RESOURCES[kind], registrationOf(manifest, { local: { socket } }));
      context.out.print(`${kind.toLowerCase()}.kdr.dev/${manifest.name} registered`);
    }),
  );
  connectionFlags(
    plugins
      .command('remove')
      .description('Remove a registration')
      .argument('<role>', 'collector, diagnoser or recoverer')
      .argument('<name>', 'name'),
  ).action((role: string, name: string, flags: object) =>
    withSession(context, flags, async ({ client }) => {
      const kind = KINDS.find(([word]) => word === role)?.[1];
      if (kind === undefined) throw new KdrError('KDR_CLI_USAGE', `"${role}" is no role: collector, diagnoser, recoverer`);
      await client.delete(RESOURCES[kind], { name });
      context.out.print(`${kind.toLowerCase()}.kdr.dev/${name} removed`);
    }),
  );
}
