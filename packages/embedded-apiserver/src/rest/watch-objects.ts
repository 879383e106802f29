import { randomInt } from 'node:crypto';
import { invalid } from '../api/invalid-error.ts';
import { expired } from '../api/status-error.ts';
import { apiVersionOf } from '../resources/resource-definition.ts';
import { fieldError } from '../schema/field-error.ts';
import { WatchableChange } from '../watch/watchable-change.ts';
import type { WatchHub } from '../watch/watch-hub.ts';
import { Watcher } from '../watch/watcher.ts';
import type { WatchSink } from '../watch/watcher.ts';
import type { Api, ResourceRequest } from './api.ts';
import { selectorOf, wholeNumber } from './list-objects.ts';

/** A watch without timeoutSeconds ends after 30 to 60 minutes, as kube-apiserver's --min-request-timeout has it. */
const minimumSeconds = 1800;
const maximumSeconds = 24 * 3600;

/** What a watch has been found to ask for, before its first byte goes out. */
export interface WatchPlan {
  start(sink: WatchSink): Watcher;
}

/**
 * Checks a watch: from the resourceVersion of the query, or from now with the present objects as ADDED events first.
 * The caller has let the store settle in this very turn. @throws StatusError 400, 410 or 422; after that only the stream speaks.
 */
export function planWatch(api: Api, hub: WatchHub, request: ResourceRequest, encode: ((json: string) => string) | undefined): WatchPlan {
  const { definition, query } = request;
  const selector = selectorOf(request);
  const wantsBookmarks = query.get('allowWatchBookmarks') === 'true';
  const sendsInitial = sendInitialEvents(request, wantsBookmarks);
  const rv = wholeNumber(query, 'resourceVersion') ?? 0;
  const seconds = Math.min(wholeNumber(query, 'timeoutSeconds') || randomInt(minimumSeconds, 2 * minimumSeconds), maximumSeconds);
  const fromNow = sendsInitial ?? rv === 0;
  const missed = fromNow || rv === 0 ? [] : api.store.changesAfter(rv, definition.storage);
  if (missed === undefined || (!fromNow && rv > api.store.resourceVersion)) {
    throw expired(`too old resource version: ${rv} (${api.store.compactedThrough + 1})`);
  }
  const bookmark = (resourceVersion: number, annotations?: Record<string, string>) =>
    JSON.stringify({
      kind: definition.kind,
      apiVersion: apiVersionOf(definition),
      metadata: { resourceVersion: String(resourceVersion), creationTimestamp: null, ...(annotations ? { annotations } : {}) },
    });
  return {
    start(sink) {
      const timer = setTimeout(() => {
        watcher.bookmark(api.store.resourceVersion);
        watcher.end();
      }, seconds * 1000);
      const watcher: Watcher = new Watcher(sink, {
        selector,
        encode,
        bookmark: wantsBookmarks ? bookmark : undefined,
        onEnd() {
          clearTimeout(timer);
          hub.remove(definition.storage, watcher);
        },
      });
      if (fromNow) {
        for (const record of api.store.list(definition.storage, request.namespace))
          if (selector.matches(record)) watcher.initial(record.json);
      }
      for (const change of missed) watcher.offer(new WatchableChange(change));
      hub.add(definition.storage, watcher);
      watcher.flush();
      if (sendsInitial) watcher.special('BOOKMARK', bookmark(api.store.resourceVersion, { 'k8s.io/initial-events-end': 'true' }));
      return watcher;
    },
  };
}

/** KEP-3157: the present objects, then a bookmark that says that they are over. */
function sendInitialEvents({ definition, query }: ResourceRequest, wantsBookmarks: boolean): boolean | undefined {
  const text = query.get('sendInitialEvents');
  if (text === null) return undefined;
  const errors = [];
  if (query.get('resourceVersionMatch') !== 'NotOlderThan') {
    errors.push(
      fieldError('resourceVersionMatch', 'Forbidden', undefined, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    );
  }
  if (text === 'true' && !wantsBookmarks) {
    errors.push(fieldError('allowWatchBookmarks', 'Forbidden', undefined, 'sendInitialEvents requires allowWatchBookmarks'));
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', version: definition.version, kind: 'ListOptions' }, '', errors);
  return text === 'true';
}
