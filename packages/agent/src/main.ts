#!/usr/bin/env node
import { createApiClient, createLogger, createProbeServer, runProgram, serviceAccountOwner } from '@kdr/controller-runtime';
import { tokenFromFile } from '@kdr/plugin-client';
import { Registry } from 'prom-client';
import { createAgent } from './agent.ts';
import { readConfig } from './config.ts';
import { flagSettings } from './flags.ts';
import manifest from '../package.json' with { type: 'json' };

const program = {
  ...{ name: 'kdr-agent', version: manifest.version, argv: process.argv.slice(2) },
  help: {
    about: 'moves the Abnormals of one node through the stages',
    usage: 'kdr-agent [FLAG VALUE]…; what a flag does not say, its variable does',
    settings: flagSettings(),
  },
  debug: /^(debug|trace)$/.test(process.env.KDR_LOG_LEVEL ?? ''),
  advice: 'KDR_LOG_LEVEL=debug shows where it happened.',
};

async function main(): Promise<void> {
  const config = readConfig(program.argv, process.env);
  const logger = createLogger({ name: 'kdr-agent', level: config.logLevel });
  const registry = new Registry();
  const client = createApiClient(config.server, { logger, metrics: registry });
  const agent = createAgent({
    client,
    node: { name: config.node },
    namespace: config.namespace,
    leaseOwner: serviceAccountOwner(config.server.tokenFile, config.namespace),
    stateDirectory: config.stateDirectory,
    socketDirectory: config.socketDirectory,
    procRoot: config.procRoot,
    logger,
    registry,
    ...(config.pluginTokenFile !== undefined && { remote: { token: tokenFromFile(config.pluginTokenFile) } }),
    options: config.options,
  });
  const probes = createProbeServer({ ...config.probe, registry, ready: { agent: () => agent.notReady() ?? true } });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());

  await probes.start();
  try {
    logger.info({ node: config.node, probes: probes.url }, 'the agent starts');
    await agent.run(stop.signal);
    logger.info('the agent has stopped');
  } catch (err) {
    // One without a code is a mistake of the program: the log says where.
    if ((err as { code?: unknown }).code === undefined) logger.fatal({ err }, 'the agent ends with an error');
    throw err;
  } finally {
    await probes.stop();
    await client.close();
  }
}

// A connection that a plugin holds open must not keep a stopped agent alive.
process.exit(await runProgram(program, main));
