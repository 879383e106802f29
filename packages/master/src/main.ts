#!/usr/bin/env node
import { createApiClient, createLogger, createProbeServer, runProgram, runTogether, serviceAccountOwner } from '@kdr/controller-runtime';
import { tokenFromFile } from '@kdr/plugin-client';
import { Registry } from 'prom-client';
import { clusterWorld } from './admission/cluster-world.ts';
import { createWebhookServer } from './admission/webhook-server.ts';
import { readConfig, refuseArguments } from './config.ts';
import { createMaster } from './master.ts';
import { VARIABLES } from './variables.ts';
import manifest from '../package.json' with { type: 'json' };

const program = {
  ...{ name: 'kdr-master', version: manifest.version, argv: process.argv.slice(2) },
  help: {
    about: 'binds Abnormals to nodes, tracks registrations, gates recoveries',
    usage: 'kdr-master; it is set up by the environment alone',
    settings: VARIABLES,
  },
  debug: /^(debug|trace)$/.test(process.env.KDR_LOG_LEVEL ?? ''),
  advice: 'KDR_LOG_LEVEL=debug shows where it happened.',
};

/** Longer than API servers take to hear that an endpoint of the webhook goes. */
const WEBHOOK_DRAIN_MS = 5_000;

async function main(): Promise<void> {
  refuseArguments(program.argv);
  const config = readConfig(process.env);
  const logger = createLogger({ name: 'kdr-master', level: config.logLevel });
  const registry = new Registry();
  const client = createApiClient({ ...config.server, userAgent: 'kdr-master' }, { logger, metrics: registry });
  const { pluginTokenFile, identity } = config;
  const master = createMaster({
    client,
    logger,
    registry,
    options: { namespace: config.namespace },
    ...(identity !== undefined && { candidate: { identity, owner: serviceAccountOwner(config.server.tokenFile, config.namespace) } }),
    ...(config.certificates !== undefined && { certificates: config.certificates }),
    ...(pluginTokenFile !== undefined && { pluginToken: tokenFromFile(pluginTokenFile) }),
  });
  const world = clusterWorld(client, config.admission, master.registered);
  const webhook =
    config.webhook &&
    master.certificate &&
    (await createWebhookServer({
      ...config.webhook,
      certificate: master.certificate,
      world,
      logger,
      metrics: registry,
      drainMs: WEBHOOK_DRAIN_MS,
    }));
  const probes = createProbeServer({
    ...config.probe,
    registry,
    ready: {
      caches: () => master.ready() || 'not filled yet',
      ...(webhook && { webhook: () => webhook.ready() || 'no certificate yet' }),
    },
  });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());

  await probes.start();
  await webhook?.start();
  try {
    logger.info({ probes: probes.url, identity, namespace: config.namespace }, 'the master starts');
    await runTogether([{ name: 'master', run: (signal) => master.run(signal) }], stop.signal, { stopTimeoutMs: 20_000 });
    logger.info('the master has stopped');
  } catch (err) {
    // One without a code is a mistake of the program: the log says where.
    if ((err as { code?: unknown }).code === undefined) logger.fatal({ err }, 'the master ends with an error');
    throw err;
  } finally {
    await webhook?.stop();
    await probes.stop();
    await client.close();
  }
}

// A connection that an API server or a plugin holds open must not keep a stopped master alive.
process.exit(await runProgram(program, main));
