import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { timestamp } from './api/object.ts';
import { OpenApi } from './discovery/openapi.ts';
import { listenHttps } from './http/https-listener.ts';
import { createRequestHandler } from './http/request-handler.ts';
import { createAuthenticator } from './identity.ts';
import type { Identity } from './identity.ts';
import { kubeconfig } from './kubeconfig.ts';
import { silentLogger } from './logger.ts';
import type { Logger } from './logger.ts';
import { loadServingCertificate } from './pki/serving-certificate.ts';
import { builtinResources, storageOf } from './resources/builtin-resources.ts';
import { enforcePolicies } from './resources/enforced-policies.ts';
import { ResourceRegistry } from './resources/resource-registry.ts';
import { serveDefinitions } from './resources/served-definitions.ts';
import type { Api } from './rest/api.ts';
import { systemNamespaces } from './rest/delete-object.ts';
import { initialiseMetadata } from './rest/object-metadata.ts';
import { expireEvents } from './storage/event-expiry.ts';
import { ObjectStore } from './storage/object-store.ts';
import { openStateDatabase } from './storage/state-database.ts';
import { WatchHub } from './watch/watch-hub.ts';

/** How to start a server. */
export interface ApiServerOptions {
  /** Where everything is kept: `state.db` and `pki/`. Made if absent. One process at a time. */
  directory: string;
  /** Address to listen on. Default 127.0.0.1. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  /** Who may do what policies do not refuse. Nobody else may do anything but ask for health and version. */
  identities: readonly Identity[];
  /** A pino logger, or silence. */
  logger?: Logger;
  /** Where the time comes from: milliseconds since 1970. Default: the system's clock. */
  clock?: { now(): number };
}

/** A server that is up. */
export interface ApiServer {
  /** `https://HOST:PORT`. */
  url: string;
  /** PEM of the authority that signed the server's certificate. */
  ca: string;
  port: number;
  /** Ends watches, lets running requests finish, commits and closes. */
  stop(): Promise<void>;
  /** The text of a kubeconfig for a token. */
  kubeconfig(token: string, namespace?: string): string;
}

/** Like the version of Kubernetes whose API is followed; the suffix says that it is not that. */
const version = {
  major: '1',
  minor: '35',
  gitVersion: 'v1.35.0+embedded',
  gitTreeState: 'clean',
  platform: 'linux',
  compiler: 'node',
  goVersion: '',
  gitCommit: '',
  buildDate: '',
};
const bookmarkMilliseconds = 60_000;
const stopGraceMilliseconds = 5_000;

/**
 * Starts the Kubernetes API on one machine.
 * @throws Error with a code: KDR_APISERVER_DIRECTORY_IN_USE, KDR_APISERVER_STATE_UNREADABLE, KDR_APISERVER_LISTEN_FAILED,
 * KDR_APISERVER_TOKEN_INVALID.
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { directory, host = '127.0.0.1', port = 0, identities, logger = silentLogger, clock = Date } = options;
  const now = () => clock.now();
  const authenticate = createAuthenticator(identities);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const store = new ObjectStore(openStateDatabase(join(directory, 'state.db')), now);
  try {
    const certificate = await loadServingCertificate(join(directory, 'pki'), host, now());
    const registry = new ResourceRegistry(builtinResources(now));
    const hub = new WatchHub();
    const api: Api = { store, registry, admission: undefined, now };
    serveDefinitions(store, registry, now, hub, logger);
    enforcePolicies(api, logger);
    store.onCommit((changes) => hub.publish(changes));
    makeSystemNamespaces(api);
    expireEvents(store, now());
    await store.committed();
    const openApi = new OpenApi(registry);
    const handler = createRequestHandler({ api, hub, openApi, authenticate, version, logger });
    const listener = await listenHttps(certificate, { host, port }, handler, (err) => logger.error({ err }, 'the listener met an error'));
    const timer = setInterval(() => upkeep(api, hub), bookmarkMilliseconds).unref();
    const url = `https://${host.includes(':') ? `[${host}]` : host}:${listener.port}`;
    logger.info({ url, directory }, 'the API server is up');
    return {
      url,
      ca: certificate.ca,
      port: listener.port,
      kubeconfig: (token, namespace) => kubeconfig(url, certificate.ca, token, namespace),
      stop: once(async () => {
        clearInterval(timer);
        const closed = listener.close(stopGraceMilliseconds);
        hub.endAll();
        await closed;
        await store.settled();
        store.close();
        logger.info({ url }, 'the API server has stopped');
      }),
    };
  } catch (error) {
    store.close();
    throw error;
  }
}

function makeSystemNamespaces({ store, now }: Api): void {
  for (const name of systemNamespaces) {
    if (store.get(storageOf.namespaces, '', name) !== undefined) continue;
    const namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name,
        uid: '',
        resourceVersion: '',
        creationTimestamp: timestamp(now()),
        labels: { 'kubernetes.io/metadata.name': name },
      },
      spec: {},
      status: { phase: 'Active' },
    };
    initialiseMetadata(namespace, now(), false);
    store.put(storageOf.namespaces, namespace);
  }
}

/** Once a minute, as kube-apiserver sends bookmarks. */
function upkeep({ store, now }: Api, hub: WatchHub): void {
  expireEvents(store, now());
  store.compact();
  hub.bookmark(store.resourceVersion);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
