import { expect, it } from 'vitest';
import { PLUGIN_GROUPS } from './groups.ts';
import { nodePlugins } from './programs.ts';
import { registrationsOf } from './registrations.ts';

it('names the plugins that each program really serves', () => {
  expect(nodePlugins().map(({ plugins }) => plugins)).toEqual([PLUGIN_GROUPS.node.map(({ manifest }) => manifest.name)]);
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
