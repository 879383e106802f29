import type { KubernetesObject } from '../api/object.ts';
import type { Logger } from '../logger.ts';
import type { Change } from '../storage/change-log.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { WatchHub } from '../watch/watch-hub.ts';
import { storageOf } from './builtin-resources.ts';
import { customResource } from './custom-resources.ts';
import type { CustomResourceDefinition } from './custom-resources.ts';
import type { ResourceRegistry } from './resource-registry.ts';

/** Keeps the registry in step with the stored CustomResourceDefinitions: once now, and at each commit before it is answered. */
export function serveDefinitions(store: ObjectStore, registry: ResourceRegistry, now: () => number, hub: WatchHub, logger: Logger): void {
  const serve = (json: string) => {
    const crd = JSON.parse(json) as CustomResourceDefinition;
    try {
      const definition = customResource(crd, now);
      if (definition === undefined) registry.withdraw(crd.spec.group, crd.spec.names.plural);
      else registry.serve(definition);
    } catch (error) {
      // It was accepted once, so only another build of this server can meet it; its objects stay stored.
      logger.error({ err: error, crd: crd.metadata.name }, 'a stored CustomResourceDefinition cannot be served');
    }
  };
  const withdraw = (json: string) => {
    const { spec, metadata } = JSON.parse(json) as CustomResourceDefinition & KubernetesObject;
    registry.withdraw(spec.group, spec.names.plural);
    hub.endAll(metadata.name);
  };
  for (const { json } of store.list(storageOf.definitions)) serve(json);
  store.onCommit((changes: readonly Change[]) => {
    for (const { type, record } of changes) {
      if (record.resource !== storageOf.definitions) continue;
      if (type === 'DELETED') withdraw(record.json);
      else serve(record.json);
    }
  });
}
