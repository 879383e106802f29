import type { Informer, KubernetesObject } from '@kdr/controller-runtime';

/**
 * The same informer, for somebody who stops listening when the signal aborts: the controllers of one term of leadership go with it, while
 * the cache goes on being filled for the next.
 */
export function scopedInformer<T extends KubernetesObject>(informer: Informer<T>, signal: AbortSignal): Informer<T> {
  return {
    type: informer.type,
    run: informer.run,
    synced: informer.synced,
    get hasSynced() {
      return informer.hasSynced;
    },
    get: informer.get,
    list: informer.list,
    addIndex: informer.addIndex,
    byIndex: informer.byIndex,
    onChange: (handler) => {
      const end = informer.onChange(handler);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
      return end;
    },
  };
}
