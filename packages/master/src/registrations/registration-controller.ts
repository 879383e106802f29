import { isDeepStrictEqual } from 'node:util';
import { type Registration, READY_PLUGINS_ANNOTATION, RESOURCES, type ReadyPlugin } from '@kdr/api-types';
import { type PluginClient, createPluginClient } from '@kdr/plugin-client';
import {
  type ApiClient,
  type Controller,
  type Informer,
  type Lease,
  type Logger,
  createController,
  objectKey,
  patchStatus,
} from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';
import { registrationProblems } from '../admission/registration-problems.ts';
import type { Agents } from '../agents.ts';
import type { MasterOptions } from '../options.ts';
import { type Report, foldStatus, unusableStatus } from './registration-status.ts';

/** The three kinds that register a plugin. */
export type RegistrationKind = ReadyPlugin['kind'];
const ROLE = { InformationCollector: 'collector', Diagnoser: 'diagnoser', Recoverer: 'recoverer' } as const;

/** Keeps the status of every registration of one kind: local plugins by the agents' word, services and URLs by asking them. */
export function createRegistrationController(deps: {
  kind: RegistrationKind;
  client: ApiClient;
  registrations: Informer<Registration>;
  leases: Informer<Lease>;
  agents: Agents;
  options: MasterOptions;
  logger: Logger;
  metrics?: Registry;
  /** Token for plugins behind a Service; a URL, which may lead anywhere, never gets it. */
  pluginToken?: () => string | Promise<string>;
  now?: () => number;
}): Controller {
  const { kind, client, registrations, leases, agents, options, pluginToken, now = Date.now } = deps;

  const askRemote = async (registration: Registration): Promise<Report> => {
    const { name } = registration.metadata;
    const { endpoint } = registration.spec;
    const token = endpoint.service === undefined ? undefined : pluginToken;
    let plugin: PluginClient | undefined;
    try {
      plugin = createPluginClient(endpoint, { name, role: ROLE[kind], timeoutMs: options.probeMs, ...(token && { token }) });
      await plugin.ready();
      const manifest = await plugin.manifest();
      return { place: 'master', plugin: { ready: true, version: manifest.version } };
    } catch (error) {
      return { place: 'master', plugin: { ready: false, message: (error as Error).message } };
    } finally {
      plugin?.close();
    }
  };
  const askAgents = (registration: Registration): Report[] =>
    agents.alive(now()).map((node) => ({
      place: node,
      plugin: agents.plugins(node).find((one) => one.kind === kind && one.name === registration.metadata.name),
    }));

  const controller = createController({
    name: `registration-${ROLE[kind]}`,
    workers: 2,
    logger: deps.logger,
    metrics: deps.metrics,
    reconcile: async (key) => {
      const registration = registrations.get(key);
      if (registration === undefined) return;
      // Where no webhook said so at admission. Where sockets may lie is a matter of admission alone.
      const problems = registrationProblems(registration).map(({ field, message }) => `${field}: ${message}`);
      const reports =
        problems.length > 0
          ? []
          : registration.spec.endpoint.local === undefined
            ? [await askRemote(registration)]
            : askAgents(registration);
      await patchStatus(client, RESOURCES[kind], registration, (fresh) => {
        const at = new Date(now()).toISOString();
        const next = problems.length > 0 ? unusableStatus(problems.join('; '), fresh.status, at) : foldStatus(reports, fresh.status, at);
        return isDeepStrictEqual(JSON.parse(JSON.stringify(next)), fresh.status) ? undefined : next;
      });
      return { requeueAfterMs: options.probeMs };
    },
  });
  controller.watch(registrations);
  // Each agent renews its Lease every few seconds; only another word about its plugins is news, and silence is found by the timer.
  const word = (lease: Lease | undefined) => lease?.metadata?.annotations?.[READY_PLUGINS_ANNOTATION];
  leases.onChange(({ kind: change, object, old }) => {
    if (change === 'updated' && word(object) === word(old)) return;
    for (const registration of registrations.list()) controller.enqueue(objectKey(registration));
  });
  return controller;
}
