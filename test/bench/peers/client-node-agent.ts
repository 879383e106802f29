// The peer of P4 and P13: what an agent on @kubernetes/client-node's informers costs before it does anything. Prints one line at the first object.
import { CustomObjectsApi, KubeConfig, type KubernetesObject, makeInformer } from '@kubernetes/client-node';

const config = new KubeConfig();
config.loadFromFile(process.argv[2] ?? '');
const api = config.makeApiClient(CustomObjectsApi);
const kinds = [
  ['abnormals', true],
  ['informationcollectors', false],
  ['diagnosers', false],
  ['recoverers', false],
  ['recoverypolicies', false],
] as const;

for (const [plural, namespaced] of kinds) {
  const at = { group: 'kdr.dev', version: 'v1alpha1', plural };
  const informer = makeInformer<KubernetesObject>(config, `/apis/kdr.dev/v1alpha1/${plural}`, async () => {
    const list: unknown = namespaced
      ? await api.listCustomObjectForAllNamespaces({ ...at, resourcePlural: plural } as never)
      : await api.listClusterCustomObject(at);
    return list as never;
  });
  if (namespaced) informer.on('add', () => console.log('first reconcile'));
  informer.on('error', (error) => console.error(plural, error));
  await informer.start();
}
