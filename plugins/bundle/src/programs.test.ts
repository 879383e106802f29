import { expect, it } from 'vitest';
import { PLUGIN_GROUPS, type PluginGroup, pluginsOf } from './groups.ts';
import { nodePlugins } from './programs.ts';
import { registrationsOf } from './registrations.ts';

it('names the plugins that each program really serves', () => {
  expect(nodePlugins().map(({ plugins }) => plugins)).toEqual([PLUGIN_GROUPS.node.map(({ manifest }) => manifest.name)]);
});

const GROUPS = Object.keys(PLUGIN_GROUPS) as PluginGroup[];

it.each(GROUPS)('with recovery off, %s serves everything but recoverers, each where it was', (group) => {
  const all = PLUGIN_GROUPS[group];
  expect(pluginsOf(group, { recovery: true })).toEqual(all);
  const harmless = all.filter(({ manifest }) => manifest.role !== 'recoverer');
  expect(pluginsOf(group, { recovery: false })).toEqual(harmless);
  // A registration says the port of a plugin by its place.
  expect(all.slice(0, harmless.length)).toEqual(harmless);
});

it('registers each plugin of a group as its manifest says, in the order of their ports', () => {
  const service = (_: string, at: number) => ({ service: { namespace: 'kdr-system', name: 'kdr-cluster-plugins', port: 8443 + at } });
  expect(registrationsOf('cluster', service)).toEqual([
    {
      ...{ apiVersion: 'kdr.dev/v1alpha1', kind: 'InformationCollector', metadata: { name: 'pod' } },
      spec: { scope: 'cluster', timeoutSeconds: 15, endpoint: service('pod', 0) },
    },
  ]);
  const node = registrationsOf('node', (name) => ({ local: { socket: `/run/kdr/plugins/${name}.sock` } }));
  expect(node.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    ...['InformationCollector process', 'InformationCollector container', 'InformationCollector psi'],
    ...['Diagnoser containerd-shim-deadlock', 'Diagnoser unreaped-children'],
    ...['Recoverer containerd-shim-kill', 'Recoverer process-kill'],
  ]);
});
