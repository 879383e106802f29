import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { createInformer } from './informer.ts';
import type { Change, Informer, InformerOptions } from './informer.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { podType } from './resource-type.ts';
import { eventually } from './testing/eventually.ts';
import { sendStatus, startFaultServer } from './testing/fault-server.ts';
import type { Fault, FaultServer } from './testing/fault-server.ts';
import { createJumpingClock } from './testing/virtual-clock.ts';
import type { JumpingClock } from './testing/virtual-clock.ts';

interface Pod extends KubernetesObject {
  note?: string;
}

const pods = '/api/v1/namespaces/a/pods';
const pod = (name: string, extra: object = {}): Pod & Record<string, unknown> => ({ metadata: { namespace: 'a', name }, ...extra });
/** Begins a healthy watch and writes raw bytes into it. */
const stream =
  (...chunks: (string | Buffer)[]): Fault =>
  ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const chunk of chunks) response.write(chunk);
  };
const streamAndEnd =
  (...chunks: (string | Buffer)[]): Fault =>
  (exchange) => {
    stream(...chunks)(exchange);
    exchange.response.end();
  };
const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };

describe('the informer', () => {
  let server: FaultServer;
  let client: ApiClient;
  let clock: JumpingClock;
  let stop: AbortController;
  let running: Promise<void>;
  let changes: string[];
  let metrics: Registry;

  const start = (options: Partial<InformerOptions<Pod>> = {}, setUp?: (informer: Informer<Pod>) => void): Informer<Pod> => {
    const informer = createInformer<Pod>({ client, type: podType, clock, metrics, random: () => 0.5, ...options });
    informer.onChange(({ kind, object }) => changes.push(`${kind} ${object.metadata?.name} ${object.metadata?.uid}`));
    setUp?.(informer);
    running = informer.run(stop.signal);
    return informer;
  };
  const seen = (verb: string): number => server.seen.filter((request) => request.verb === verb).length;
  const watching = (): Promise<void> => eventually(() => server.openWatches === 1, 'one watch is open');

  beforeEach(async () => {
    server = await startFaultServer();
    client = createApiClient({ server: server.url }, { requestTimeoutMs: 5_000 });
    clock = createJumpingClock();
    stop = new AbortController();
    running = Promise.resolve();
    changes = [];
    metrics = new Registry();
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await client.close();
    await server.stop();
  });

  it('lists, follows, and tells added, updated and deleted', async () => {
    server.put(pods, pod('p'));
    const informer = start();
    await informer.synced;
    await watching();
    server.put(pods, pod('p', { note: 'x' }));
    server.put(pods, pod('q'));
    server.remove(pods, 'p');
    await eventually(() => changes.length === 4, 'four changes were told');
    expect(changes).toEqual(['added p uid-1', 'updated p uid-1', 'added q uid-2', 'deleted p uid-1']);
    expect(informer.get('a/q')).toMatchObject({ apiVersion: 'v1', kind: 'Pod' });
    expect(informer.list()).toHaveLength(1);
  });

  it('counts what it holds, also when that is nothing', async () => {
    const held = async () => /^informer_objects\{resource="pods"\} (\d+)/m.exec(await metrics.metrics())?.[1];
    const informer = start();
    expect(await held()).toBeUndefined();
    await informer.synced;
    expect(await held()).toBe('0');
    await watching();
    server.put(pods, pod('p'));
    await eventually(() => changes.length === 1, 'it was told');
    expect(await held()).toBe('1');
  });

  it('asks for bookmarks, for a random end between 5 and 10 minutes, for pages, and first for what the server has in memory', async () => {
    start({ fieldSelector: 'spec.nodeName=n', labelSelector: 'x in (y)' });
    await watching();
    const list = server.seen.find(({ verb }) => verb === 'LIST')?.query;
    const watch = server.seen.find(({ verb }) => verb === 'WATCH')?.query;
    expect([list?.get('resourceVersion'), list?.get('limit')]).toEqual(['0', '500']);
    expect([watch?.get('allowWatchBookmarks'), watch?.get('resourceVersion')]).toEqual(['true', '100']);
    for (const query of [list, watch])
      expect([query?.get('fieldSelector'), query?.get('labelSelector')]).toEqual(['spec.nodeName=n', 'x in (y)']);
    const seconds = Number(watch?.get('timeoutSeconds'));
    expect(seconds).toBeGreaterThanOrEqual(300);
    expect(seconds).toBeLessThanOrEqual(600);
  });

  it('reads all pages, and starts over in one piece when a continue token has expired', async () => {
    for (let i = 0; i < 1_200; i += 1) server.put(pods, pod(`p${i}`));
    server.next(
      'LIST',
      ({ serve }) => serve(),
      ({ response }) => sendStatus(response, 410, 'Expired', 'continue token expired'),
    );
    const informer = start();
    await informer.synced;
    expect(informer.list()).toHaveLength(1_200);
    expect(changes).toHaveLength(1_200);
    const lists = server.seen.filter(({ verb }) => verb === 'LIST').map(({ query }) => [query.get('limit'), query.get('continue')]);
    expect(lists).toEqual([
      ['500', null],
      ['500', '500'],
      [null, null],
    ]);
  });

  it('resumes from the last version after the server ended the watch, without a list', async () => {
    server.put(pods, pod('p'));
    start();
    await watching();
    server.put(pods, pod('p', { note: '2' }));
    server.bookmark();
    await eventually(() => changes.length === 2, 'the update was told');
    server.endWatches();
    await eventually(() => seen('WATCH') === 2, 'the watch was renewed');
    server.put(pods, pod('q'));
    await eventually(() => changes.length === 3, 'the next change was told');
    expect(seen('LIST')).toBe(1);
    expect(server.seen.at(-1)?.query.get('resourceVersion')).toBe('103');
  });

  it('gives up a silent stream after the idle time and loses nothing', async () => {
    server.next('WATCH', stream());
    start({ idleTimeoutMs: 40 });
    await eventually(() => seen('WATCH') === 1, 'the first watch was asked for');
    server.put(pods, pod('p'));
    await eventually(() => changes.length === 1, 'the change that the dead stream kept back was told');
    expect(seen('LIST')).toBe(1);
    expect(await metrics.metrics()).toContain('reason="WatchIdle"');
  });

  it('gives up a watch whose headers never come at the request deadline', async () => {
    client = createApiClient({ server: server.url }, { requestTimeoutMs: 250 });
    server.next('WATCH', () => undefined);
    start();
    await watching();
    expect(seen('WATCH')).toBe(2);
    expect(seen('LIST')).toBe(1);
  });

  describe('on 410', () => {
    const relisted = async (): Promise<void> => {
      await eventually(() => seen('LIST') === 2 && server.openWatches === 1, 'it listed again and watches');
      server.put(pods, pod('z'));
      await eventually(() => changes.some((change) => change.startsWith('added z')), 'changes are told again');
      expect(seen('LIST')).toBe(2);
    };

    it('at the start of a watch lists once and tells what vanished meanwhile', async () => {
      server.put(pods, pod('p'));
      server.put(pods, pod('q'));
      server.next('WATCH', ({ response }) => {
        server.remove(pods, 'p');
        server.compact();
        sendStatus(response, 410, 'Expired', 'too old');
      });
      const informer = start();
      await relisted();
      expect(changes).toContain('deleted p uid-1');
      expect(changes.filter((change) => change.includes(' q '))).toEqual(['added q uid-2']);
      expect(informer.get('a/p')).toBeUndefined();
    });

    it('inside the stream lists once', async () => {
      server.next('WATCH', stream(event('ERROR', expired)));
      start();
      await relisted();
    });

    it('of a list at the last version asks for the newest state', async () => {
      server.next('WATCH', stream(event('ERROR', expired)));
      server.next(
        'LIST',
        ({ serve }) => serve(),
        ({ response }) => sendStatus(response, 410, 'Expired', 'gone'),
      );
      start();
      await eventually(() => seen('LIST') === 3, 'it listed thrice');
      await watching();
      expect(server.seen.filter(({ verb }) => verb === 'LIST').map(({ query }) => query.get('resourceVersion'))).toEqual([
        '0',
        '100',
        null,
      ]);
      // Without it a page of a list is of exactly that version, from which no watch begins (test/integration/restarted-api-server.test.ts).
      expect(server.seen.filter(({ verb }) => verb === 'LIST').map(({ query }) => query.get('resourceVersionMatch'))).toEqual([
        'NotOlderThan',
        'NotOlderThan',
        null,
      ]);
    });

    it('again and again does not become a loop', async () => {
      server.always('WATCH', ({ response }) => sendStatus(response, 410, 'Expired', 'too old'));
      start();
      await eventually(() => clock.pauses.length >= 8, 'it paused eight times');
      expect(clock.pauses.slice(2).every((pause) => pause >= 1_000)).toBe(true);
    });
  });

  it('tells a deletion and an addition when the name was used again behind its back', async () => {
    server.put(pods, pod('p'));
    server.next('WATCH', ({ response }) => {
      server.remove(pods, 'p');
      server.put(pods, pod('p'));
      server.compact();
      sendStatus(response, 410, 'Expired', 'too old');
    });
    start();
    await eventually(() => changes.length === 3, 'three changes were told');
    expect(changes).toEqual(['added p uid-1', 'deleted p uid-1', 'added p uid-2']);
  });

  it.each([
    ['closes each watch at once', streamAndEnd()],
    ['breaks each connection', (({ socket }) => socket.destroy()) as Fault],
    ['answers 500', (({ response }) => sendStatus(response, 500, 'InternalError', 'x')) as Fault],
    ['sends ERROR 500 in each stream', streamAndEnd(event('ERROR', { kind: 'Status', code: 500, reason: 'InternalError' }))],
  ])('backs off up to 30 s when the server %s, without a list', async (_, fault) => {
    server.always('WATCH', fault);
    start();
    await eventually(() => clock.pauses.length >= 12, 'it paused twelve times');
    const pauses = clock.pauses.slice(0, 12);
    expect(pauses.slice(2).every((pause) => pause >= 1_000)).toBe(true);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(15_000);
    expect(seen('LIST')).toBe(1);
    server.always('WATCH', undefined);
    server.put(pods, pod('p'));
    await eventually(() => changes.length === 1, 'it recovered');
  });

  it('starts the backoff anew only after a watch that brought something', async () => {
    server.next(
      'WATCH',
      streamAndEnd(),
      streamAndEnd(),
      streamAndEnd(),
      streamAndEnd(event('BOOKMARK', { metadata: { resourceVersion: '100' } })),
    );
    server.next('WATCH', streamAndEnd(event('BOOKMARK', { metadata: { resourceVersion: '105' } })));
    start();
    await watching();
    expect(clock.pauses).toEqual([600, 1_200, 2_400, 4_800, 125]);
  });

  it('backs off from lists and watches that are never answered, however long it waited for them', async () => {
    const lists = createJumpingClock();
    client = createApiClient({ server: server.url }, { requestTimeoutMs: 20 });
    // While the clock jumps, each wait for an answer is far longer than a steady watch.
    server.always('WATCH', () => void lists.schedule(60_000, () => undefined));
    start({ clock: lists });
    await eventually(() => lists.pauses.filter((pause) => pause !== 60_000).length >= 5, 'it paused five times');
    expect(lists.pauses.filter((pause) => pause !== 60_000).slice(0, 5)).toEqual([600, 1_200, 2_400, 4_800, 9_600]);
  });

  it('waits as long as Retry-After says', async () => {
    server.next('WATCH', ({ response }) => sendStatus(response, 429, 'TooManyRequests', 'x', { 'retry-after': '7' }));
    start();
    await watching();
    expect(clock.pauses).toEqual([7_000]);
  });

  it('resumes without a list when a line was cut by the end of the stream', async () => {
    const line = event('ADDED', { metadata: { namespace: 'a', name: 'half', uid: 'u', resourceVersion: '101' } });
    server.next('WATCH', streamAndEnd(line.slice(0, 40)));
    start();
    await watching();
    expect(seen('LIST')).toBe(1);
    expect(changes).toEqual([]);
  });

  it('reads a character that is cut in two by a chunk', async () => {
    const line = Buffer.from(
      event('ADDED', { metadata: { namespace: 'a', name: 'p', uid: 'u', resourceVersion: '101' }, note: 'größer 🦉' }),
    );
    const inside = line.indexOf(Buffer.from('🦉')) + 2;
    server.next('WATCH', ({ response }) => {
      response.writeHead(200);
      response.write(line.subarray(0, inside));
      setTimeout(() => response.write(line.subarray(inside)), 15);
    });
    const informer = start();
    await eventually(() => changes.length === 1, 'it was told');
    expect(informer.get('a/p')?.note).toBe('größer 🦉');
  });

  it('reads a line of 3 MB', async () => {
    const informer = start();
    await watching();
    server.put(pods, pod('p', { note: 'x'.repeat(3_000_000) }));
    await eventually(() => changes.length === 1, 'it was told');
    expect(informer.get('a/p')?.note).toHaveLength(3_000_000);
  });

  it.each([
    ['a line that is no JSON', '{"type":"ADDED","object":{]\n'],
    ['an unknown event type', event('SURPRISE', pod('x'))],
    ['an event without an object', event('ADDED', null)],
    ['an object without metadata', event('ADDED', { kind: 'Pod' })],
    ['an object without a name', event('ADDED', { metadata: { resourceVersion: '101' } })],
    ['a line beyond the limit', event('ADDED', pod('x', { note: 'y'.repeat(20_000) }))],
  ])('counts %s, lists again and goes on', async (_, line) => {
    server.next('WATCH', stream(line));
    start({ maxLineBytes: 10_000 });
    await eventually(() => seen('WATCH') === 2, 'it watches again');
    server.put(pods, pod('later'));
    await eventually(() => changes.length === 1, 'the next change was told');
    expect(seen('LIST')).toBe(2);
    expect(await metrics.metrics()).toContain('reflector_malformed_total{resource="pods"} 1');
  });

  it('keeps going when a handler throws or rejects, and tells the others', async () => {
    const others: string[] = [];
    start({}, (informer) => {
      informer.onChange(() => {
        throw new Error('handler');
      });
      informer.onChange((() => Promise.reject(new Error('async handler'))) as () => void);
      informer.onChange(({ object }) => others.push(object.metadata?.name ?? ''));
    });
    await watching();
    server.put(pods, pod('p'));
    server.put(pods, pod('q'));
    await eventually(() => others.length === 2, 'the last handler got both');
    expect(seen('WATCH')).toBe(1);
    expect(await metrics.metrics()).toContain('informer_handler_errors_total{resource="pods"} 4');
  });

  it('leaves out the one object that a transform cannot stand', async () => {
    server.put(pods, pod('bad'));
    server.put(pods, pod('good', { note: 'long', metadata: { namespace: 'a', name: 'good', managedFields: [1] } }));
    const informer = start({
      transform: (object) => {
        if (object.metadata?.name === 'bad') throw new Error('transform');
        return { metadata: object.metadata };
      },
    });
    await informer.synced;
    expect(informer.list().map((object) => Object.keys(object))).toEqual([['metadata']]);
    expect(informer.get('a/good')?.metadata).not.toHaveProperty('managedFields');
  });

  it('finds objects by index, through changes and deletions', async () => {
    const informer = start({}, (made) => made.addIndex('note', (object) => (object.note ? [object.note] : [])));
    await watching();
    server.put(pods, pod('p', { note: 'x' }));
    server.put(pods, pod('q', { note: 'x' }));
    server.put(pods, pod('p', { note: 'y' }));
    server.remove(pods, 'q');
    await eventually(() => changes.length === 4, 'all was told');
    expect(informer.byIndex('note', 'x')).toEqual([]);
    expect(informer.byIndex('note', 'y').map((object) => object.metadata?.name)).toEqual(['p']);
  });

  it('tells a late handler what is there, and an ended one nothing more', async () => {
    server.put(pods, pod('p'));
    const informer = start();
    await informer.synced;
    const late: Change<Pod>[] = [];
    const end = informer.onChange((change) => late.push(change));
    expect(late.map(({ kind }) => kind)).toEqual(['added']);
    end();
    await watching();
    server.put(pods, pod('q'));
    await eventually(() => changes.length === 2, 'the other handler was told');
    expect(late).toHaveLength(1);
  });

  it('stops at once while it connects, and leaves no connection', async () => {
    server.always('WATCH', () => undefined);
    start();
    await eventually(() => seen('WATCH') === 1, 'the watch was asked for');
    stop.abort();
    await running;
    await eventually(() => server.openSockets <= 1, 'only the idle connection of the list is left');
  });

  it('says so to those who wait when it is stopped before its first list', async () => {
    server.always('LIST', () => undefined);
    const informer = start();
    await eventually(() => seen('LIST') === 1, 'the list was asked for');
    stop.abort();
    await expect(informer.synced).rejects.toMatchObject({ reason: 'Aborted' });
    await expect(informer.run(stop.signal)).rejects.toThrow('runs already');
  });

  it('tries again when the kind does not exist yet', async () => {
    server.next('LIST', ({ response }) => sendStatus(response, 404, 'NotFound', 'no such kind'));
    const informer = start();
    await informer.synced;
    expect(clock.pauses).toEqual([600]);
  });

  it('has one watch after a hundred interruptions, and no more connections than that needs', async () => {
    start();
    for (let i = 0; i < 100; i += 1) {
      await watching();
      server.put(pods, pod(`p${i}`));
      await eventually(() => changes.length === i + 1, 'the change was told');
      server.endWatches();
      await eventually(() => server.openWatches === 0 || seen('WATCH') === i + 2, 'the watch ended');
    }
    await watching();
    expect(server.openSockets).toBeLessThanOrEqual(2);
    expect(seen('LIST')).toBe(1);
  });
});
