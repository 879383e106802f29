import { chmod } from 'node:fs/promises';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { KdrError } from '@kdr/api-types';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import { createActOnce } from './act-once.ts';
import { createArtifactSpool } from './artifact-spool.ts';
import { openAttemptRecords } from './attempt-records.ts';
import { type SdkConfig, besideSockets, readConfig } from './config.ts';
import { type Listen, checkAttempts, listenFromEnvironment } from './listen.ts';
import { createPluginMetrics } from './metrics.ts';
import type { Plugin } from './plugin.ts';
import { type PluginServerParts, createPluginServer } from './plugin-server.ts';
import { type RunningCalls, createRunningCalls } from './running-calls.ts';
import { prepareSocketPath } from './socket-path.ts';
import { stopOnSignal } from './stop-signal.ts';

export interface ServeOptions {
  plugins: Plugin[];
  /** Where the sockets are made, `<directory>/<name>.sock`. Default: `KDR_PLUGIN_DIR`, else `/run/kdr/plugins`. */
  directory?: string;
  /** Where recoverers record their attempts; it must outlive the process. Default: `KDR_ATTEMPT_DIR`, else `<directory>/../attempts`. */
  attemptsDirectory?: string;
  /**
   * Instead of sockets: TLS, for a Deployment behind a Service. Default, where no `directory` is given: what `KDR_PLUGIN_LISTEN_PORT`,
   * `KDR_PLUGIN_TLS_DIR`, `KDR_PLUGIN_AUTHORIZE` and `KDR_PLUGIN_CALLERS` say.
   */
  listen?: Omit<Listen, 'follow'>;
  /** Default: pino to stdout at `KDR_LOG_LEVEL`. */
  logger?: Logger;
  /** Stop and exit 0 on SIGTERM and SIGINT. Default true. */
  exitOnSignal?: boolean;
  /** Milliseconds that running calls get to finish when it stops. Default 10,000. */
  drainMs?: number;
}

export interface Served {
  /** By plugin: the path of its socket, or `https://host:port`. */
  addresses: Record<string, string>;
  /** Takes no new calls, lets running ones finish (`drainMs` at most), unlinks the sockets. */
  close(): Promise<void>;
}

const DRAIN_MS = 10_000;

interface Running {
  server: FastifyInstance;
  calls: RunningCalls;
  /** Ends what goes on beside the calls. */
  unfollow?: () => void;
}

async function listenOnSocket(server: FastifyInstance, path: string): Promise<string> {
  await prepareSocketPath(path);
  await server.listen({ path });
  await chmod(path, 0o660);
  server.server.maxConnections = 128;
  return path;
}

async function listenOnPort(server: FastifyInstance, host: string, port: number): Promise<string> {
  await server.listen({ host, port });
  server.server.maxConnections = 256;
  return `https://${host}:${(server.server.address() as AddressInfo).port}`;
}

async function stop({ server, calls, unfollow }: Running, drainMs: number): Promise<void> {
  unfollow?.();
  const timeout = new Promise<void>((resolve) => setTimeout(resolve, drainMs).unref());
  const closed = server.close();
  await Promise.race([calls.drain(), timeout]);
  // Answers that are on their way leave first; kept connections would otherwise hold close() for their whole keepAliveTimeout.
  server.server.closeIdleConnections();
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 250).unref())]);
  server.server.closeAllConnections();
  await closed;
}

function checkPlugins({ plugins, listen }: ServeOptions): void {
  const names = plugins.map(({ manifest }) => manifest.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (names.length === 0) throw new KdrError('KDR_INVALID_PLUGIN', 'serve: no plugin was given');
  if (twice !== undefined) throw new KdrError('KDR_INVALID_PLUGIN', `serve: two plugins are named ${twice}`);
  if (listen && !(listen.tls?.cert && listen.tls.key && typeof listen.authorize === 'function')) {
    throw new KdrError('KDR_INVALID_PLUGIN', 'serve: listen needs tls {cert, key} and authorize: over TCP, plugins are never open');
  }
}

/** Sockets, unless the author or the environment wants ports. */
async function listenOf(options: ServeOptions, config: SdkConfig, logger: Logger): Promise<Listen | undefined> {
  if (options.listen || options.directory !== undefined || config.listen === undefined) return options.listen;
  checkAttempts(options.plugins, { attemptsDirectory: options.attemptsDirectory ?? config.attemptsDirectory });
  return listenFromEnvironment(config.listen, logger);
}

async function start(options: ServeOptions): Promise<Served> {
  checkPlugins(options);
  const config = readConfig();
  const { plugins, directory = config.directory, logger = pino({ level: config.logLevel }) } = options;
  const listen = await listenOf(options, config, logger);
  const attempts = options.attemptsDirectory ?? config.attemptsDirectory ?? besideSockets(directory);
  const spool = createArtifactSpool();
  const metrics = createPluginMetrics();
  const running: Running[] = [];
  const addresses: Record<string, string> = {};
  const close = async () => {
    await Promise.all(running.map((each) => stop(each, options.drainMs ?? DRAIN_MS)));
    await spool.close();
  };
  try {
    for (const plugin of plugins) {
      const { name, role, version } = plugin.manifest;
      const calls = createRunningCalls(plugin.concurrency);
      const log = logger.child({ plugin: name });
      const parts: PluginServerParts = { plugin, calls, spool, metrics, log };
      if (role === 'recoverer') parts.once = createActOnce(await openAttemptRecords(join(attempts, name)));
      if (listen) parts.remote = { tls: listen.tls, authorize: listen.authorize };
      const server = createPluginServer(parts);
      running.push({ server, calls, unfollow: listen?.follow?.(server.server as unknown as HttpsServer) });
      addresses[name] = listen
        ? await listenOnPort(server, listen.host ?? '0.0.0.0', listen.port === 0 ? 0 : listen.port + running.length - 1)
        : await listenOnSocket(server, join(directory, `${name}.sock`));
      log.info({ role, version, address: addresses[name] }, 'serving');
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { addresses, close };
}

/**
 * Serves plugins from one process, each on a socket of its own: `await serve(a, b)`, or with options `await serve({ plugins: [a, b], … })`.
 * @throws KdrError KDR_INVALID_PLUGIN, KDR_SOCKET_UNUSABLE, KDR_LISTEN_INVALID; then nothing is served.
 */
export async function serve(first: Plugin | ServeOptions, ...others: Plugin[]): Promise<Served> {
  const options: ServeOptions = 'plugins' in first ? first : { plugins: [first, ...others] };
  const served = await start(options);
  if (options.exitOnSignal === false) return served;
  const forget = stopOnSignal(() => served.close());
  return {
    ...served,
    close: async () => {
      forget();
      await served.close();
    },
  };
}
