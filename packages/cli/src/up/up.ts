import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { createAgent, createSourceManager } from '@kdr/agent';
import { nodePlugins } from '@kdr/bundle';
import { createSources } from '@kdr/bundle/sources';
import { type Logger, createApiClient, createProbeServer, runTogether } from '@kdr/controller-runtime';
import { startApiServer } from '@kdr/embedded-apiserver';
import { createMaster } from '@kdr/master';
import { Registry } from 'prom-client';
import { runChild } from './child-programs.ts';
import { applyClusterObjects } from './cluster-objects.ts';
import { identities, loadTokens } from './identities.ts';
import { registerPlugins } from './plugin-registration.ts';
import { makeStateDirectory } from './state-directory.ts';

export interface UpOptions {
  stateDirectory: string;
  /** Port of the API server; 0: any free one, another at each start. */
  port: number;
  /** Port of /healthz, /readyz and /metrics. */
  probePort: number;
  /** Name of this machine as a Node. */
  node?: string;
  /** Name of the user that the kubeconfig is for. */
  user: string;
  /** Whether the reference plugins and sources are started. */
  bundle: boolean;
  /** Environment of plugins and sources: their settings (KDR_UNREAPED_SECONDS, …). */
  env: Record<string, string | undefined>;
  logger: Logger;
  /** Called once everything answers: an Abnormal that is created then finds the reference plugins. */
  onReady?(up: { url: string; kubeconfig: string; probes: string }): void;
}

/** A node's name must be a DNS subdomain; a host's name often is not. */
export function nodeName(host: string): string {
  return (
    host
      .toLowerCase()
      .replace(/[^a-z0-9.-]+/g, '-')
      .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
      .slice(0, 253) || 'localhost'
  );
}

/**
 * Runs the whole platform on this machine until the signal aborts: API server, master, agent and sources in this process, plugins as a
 * child. Everything lives in the state directory and survives a restart.
 */
export async function up(options: UpOptions, signal: AbortSignal): Promise<void> {
  const { logger } = options;
  const state = makeStateDirectory(options.stateDirectory);
  const node = nodeName(options.node ?? hostname());
  const tokens = loadTokens(state.tokens);
  const server = await startApiServer({
    directory: state.apiserver,
    port: options.port,
    identities: identities(tokens, node, options.user),
    logger,
  });
  const registry = new Registry();
  const connect = (token: string, userAgent: string) =>
    createApiClient({ server: server.url, ca: server.ca, token, userAgent }, { logger, metrics: registry });
  const clients = {
    user: connect(tokens.user, 'kdr-up'),
    master: connect(tokens.master, 'kdr-master'),
    agent: connect(tokens.agent, 'kdr-agent'),
    source: connect(tokens.source, 'kdr-sources'),
  };
  try {
    writeFileSync(state.ca, server.ca);
    writeFileSync(state.sourceToken, tokens.source, { mode: 0o600 });
    writeFileSync(state.kubeconfig, server.kubeconfig(tokens.user, 'default'), { mode: 0o600 });
    await applyClusterObjects(clients.user, node);

    const master = createMaster({ client: clients.master, logger: logger.child({ component: 'master' }), registry });
    const agent = createAgent({
      client: clients.agent,
      node: { name: node },
      stateDirectory: state.agent,
      socketDirectory: state.run,
      logger: logger.child({ component: 'agent' }),
      registry,
    });
    const probes = createProbeServer({
      port: options.probePort,
      registry,
      ready: { master: () => master.ready(), agent: () => agent.ready() },
    });
    await probes.start();
    const children = (options.bundle ? nodePlugins() : []).map((program) => ({
      ...program,
      env: { ...options.env, KDR_PLUGIN_DIR: state.plugins, KDR_ATTEMPT_DIR: state.attempts },
    }));
    // A source needs no privilege and is an API client like any other: a process of its own would cost 30 MiB.
    const sourceLogger = logger.child({ component: 'sources' });
    const sources = options.bundle ? createSources('node', { client: clients.source, node, logger: sourceLogger, env: options.env }) : [];
    logger.info({ url: server.url, stateDirectory: state.root, node }, 'the API server is up; master, agent and plugins start');
    const onReady = () => options.onReady?.({ url: server.url, kubeconfig: state.kubeconfig, probes: probes.url });
    const expected = children.flatMap(({ plugins }) => plugins);
    await runTogether(
      [
        { name: 'master', run: (stop) => master.run(stop) },
        { name: 'agent', run: (stop) => agent.run(stop) },
        { name: 'registration', run: (stop) => registerPlugins(clients.user, state.plugins, logger, stop, expected, onReady) },
        createSourceManager(sources, sourceLogger),
        ...children.map((program) => ({ name: program.name, run: (stop: AbortSignal) => runChild(program, logger, stop) })),
      ],
      signal,
    ).finally(() => probes.stop());
  } finally {
    await Promise.all(Object.values(clients).map((client) => client.close()));
    await server.stop();
  }
}
