import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Abnormal, AbnormalSpec, Grant, Manifest, RecoveryPolicySpec } from '@kdr/api-types';
import { API_VERSION, RESOURCES, SYSTEM_NAMESPACE, isTerminal } from '@kdr/api-types';
import { admissionPolicies, customResourceDefinitions } from '@kdr/api-types/crd';
import { createApiClient, customResourceDefinitionType, namespaceType, patchStatus, silentLogger } from '@kdr/controller-runtime';
import type { ApiClient } from '@kdr/controller-runtime';
import { startApiServer } from '@kdr/embedded-apiserver';
import { serve } from '@kdr/plugin-sdk';
import type { defineDiagnoser } from '@kdr/plugin-sdk';
import { Registry } from 'prom-client';
import { createAgent } from '../agent.ts';
import type { Agent, AgentContext } from '../agent.ts';
import type { AgentOptions } from '../options.ts';

type Plugin = ReturnType<typeof defineDiagnoser>;

const USERS = { master: 'kdr:master', agent: 'kdr:agent', source: 'kdr:source' };
const TOKENS = { admin: 'admin-token-0123456789', master: 'master-token-012345678', agent: 'agent-token-0123456789' };
export const NODE = 'node-1';
/** Whose the Lease of an agent in this process is. */
export const LEASE_OWNER = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'kdr-agent', uid: 'u-1' };
const POLICY_GROUP = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false };

/** Fast, and strict about time: what takes minutes by default takes moments here. */
export const FAST: Partial<AgentOptions> = { retryBackoffMs: 20, probeIntervalMs: 200, readyGraceMs: 300, settleMs: 0, soakSeconds: 0 };

/**
 * A real API server with KDR's kinds and admission policies, real plugins over real sockets, and agents: in this process, or as a program of their
 * own that can be killed. `grants` plays the master.
 */
export interface World {
  directory: string;
  admin: ApiClient;
  master: ApiClient;
  /** Serves plugins and registers them. Returns how to end them. */
  plugins(...plugins: Plugin[]): Promise<() => Promise<void>>;
  register(manifest: Pick<Manifest, 'name' | 'role'>, spec: Record<string, unknown>): Promise<void>;
  policy(name: string, spec: RecoveryPolicySpec): Promise<void>;
  create(name: string, spec?: Partial<AbnormalSpec>): Promise<Abnormal>;
  read(name: string): Promise<Abnormal>;
  /** Waits until it is so. */
  until(name: string, what: (abnormal: Abnormal) => boolean, timeoutMs?: number): Promise<Abnormal>;
  finished(name: string, timeoutMs?: number): Promise<Abnormal>;
  /** A process that does nothing, as a target. @returns its pid. */
  victim(): number;
  /** Starts an agent in this process and waits until it is ready. */
  agent(
    options?: Partial<AgentOptions>,
    remote?: AgentContext['remote'],
  ): Promise<{ agent: Agent; stop: () => Promise<void>; metrics: Registry }>;
  /** Starts an agent as a program. `server`: another way to the API server. */
  agentProgram(options?: Partial<AgentOptions>, server?: string): AgentProgram;
  server: { url: string; ca: string };
  /** Answers proposals as the master does. `decide` may give another answer than Granted, or none. */
  grants(decide?: (abnormal: Abnormal) => Partial<Grant> | undefined): void;
  close(): Promise<void>;
}

export interface AgentProgram {
  child: ChildProcess;
  log(): string;
  kill(): Promise<void>;
}

export async function createWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-agent-'));
  const server = await startApiServer({
    directory: join(directory, 'api'),
    identities: [
      { token: TOKENS.admin, user: { username: 'admin', groups: ['system:masters'] } },
      { token: TOKENS.master, user: { username: USERS.master, groups: [] } },
      { token: TOKENS.agent, user: { username: USERS.agent, groups: [], extra: { 'authentication.kubernetes.io/node-name': [NODE] } } },
    ],
  });
  const clientOf = (token: string): ApiClient => createApiClient({ server: server.url, ca: server.ca, token });
  const [admin, master, agentClient] = [clientOf(TOKENS.admin), clientOf(TOKENS.master), clientOf(TOKENS.agent)];
  await install(admin);
  const ends: (() => Promise<void>)[] = [];
  const read = (name: string): Promise<Abnormal> => admin.get<Abnormal>(RESOURCES.Abnormal, { namespace: 'default', name });

  const world: World = {
    directory,
    admin,
    master,
    plugins: async (...plugins) => {
      const served = await serve({
        plugins,
        directory: join(directory, 'plugins'),
        attemptsDirectory: join(directory, 'attempts'),
        logger: silentLogger(),
        exitOnSignal: false,
      });
      for (const { manifest } of plugins) {
        const { match, priority, scope, timeoutSeconds } = manifest;
        const endpoint = { local: { socket: served.addresses[manifest.name] } };
        await world.register(manifest, { match, priority, scope, timeoutSeconds, endpoint });
      }
      const close = (): Promise<void> => served.close();
      ends.push(close);
      return close;
    },
    register: async ({ name, role }, spec) => {
      const type = { collector: RESOURCES.InformationCollector, diagnoser: RESOURCES.Diagnoser, recoverer: RESOURCES.Recoverer }[role];
      await admin.create(type, {
        apiVersion: API_VERSION,
        kind: type.kind,
        metadata: { name },
        spec: JSON.parse(JSON.stringify(spec)) as unknown,
      });
    },
    policy: async (name, spec) => {
      await admin.create(RESOURCES.RecoveryPolicy, { apiVersion: API_VERSION, kind: 'RecoveryPolicy', metadata: { name }, spec });
    },
    create: (name, spec = {}) =>
      admin.create<Abnormal>(RESOURCES.Abnormal, {
        apiVersion: API_VERSION,
        kind: 'Abnormal',
        metadata: { name, namespace: 'default' },
        spec: { source: 'Custom', fault: 'TestFault', nodeName: NODE, processReference: { pid: process.pid }, ...spec },
      }),
    read,
    until: async (name, what, timeoutMs = 10_000) => {
      for (const end = Date.now() + timeoutMs; ;) {
        const abnormal = await read(name);
        if (what(abnormal)) return abnormal;
        if (Date.now() > end) throw new Error(`${name} is ${JSON.stringify(abnormal.status, null, 1)}`);
        await delay(15);
      }
    },
    finished: (name, timeoutMs) => world.until(name, ({ status }) => isTerminal(status?.phase), timeoutMs),
    victim: () => {
      const child = spawn('sleep', ['600'], { stdio: 'ignore' });
      ends.push(async () => void child.kill('SIGKILL'));
      return child.pid ?? 0;
    },
    agent: async (options = {}, remote = undefined) => {
      const metrics = new Registry();
      const agent = createAgent({
        client: agentClient,
        node: { name: NODE },
        leaseOwner: LEASE_OWNER,
        stateDirectory: join(directory, 'state'),
        socketDirectory: directory,
        logger: silentLogger(),
        registry: metrics,
        remote,
        options: { ...FAST, ...options },
      });
      const stopping = new AbortController();
      const running = agent.run(stopping.signal);
      const stop = async (): Promise<void> => {
        stopping.abort();
        await running;
      };
      ends.unshift(stop);
      for (const end = Date.now() + 10_000; !agent.ready(); await delay(10)) if (Date.now() > end) throw new Error(agent.notReady());
      return { agent, stop, metrics };
    },
    server,
    agentProgram: (options = {}, url = server.url) => {
      const started = agentProgram(directory, { url, ca: server.ca }, { ...FAST, ...options });
      ends.unshift(started.kill);
      return started;
    },
    grants: (decide = () => ({})) => {
      const stop = new AbortController();
      const granting = grant(master, decide, stop.signal);
      ends.unshift(async () => {
        stop.abort();
        await granting;
      });
    },
    close: async () => {
      for (const end of ends) await end();
      await Promise.all([admin, master, agentClient].map((client) => client.close()));
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return world;
}

async function install(admin: ApiClient): Promise<void> {
  for (const definition of customResourceDefinitions()) await admin.create(customResourceDefinitionType, definition);
  for (const { policy, binding } of admissionPolicies(USERS)) {
    await admin.create({ ...POLICY_GROUP, plural: 'validatingadmissionpolicies', kind: 'ValidatingAdmissionPolicy' }, policy);
    await admin.create({ ...POLICY_GROUP, plural: 'validatingadmissionpolicybindings', kind: 'ValidatingAdmissionPolicyBinding' }, binding);
  }
  await admin.create(namespaceType, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE } });
}

function agentProgram(directory: string, server: { url: string; ca: string }, options: Partial<AgentOptions>): AgentProgram {
  const [tokenFile, caFile] = [join(directory, 'token'), join(directory, 'ca.crt')];
  writeFileSync(tokenFile, TOKENS.agent);
  writeFileSync(caFile, server.ca);
  const main = new URL('../main.ts', import.meta.url).pathname;
  const flags = {
    server: server.url,
    'token-file': tokenFile,
    'ca-file': caFile,
    'node-name': NODE,
    'state-dir': join(directory, 'state'),
    'socket-dir': directory,
    'probe-port': '0',
    options: JSON.stringify(options),
  };
  const argv = ['--conditions=kdr-source', main, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return {
    child,
    log: () => text,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The master's part of the protocol between agent and master, and nothing else of a master. */
async function grant(client: ApiClient, decide: (abnormal: Abnormal) => Partial<Grant> | undefined, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { type, object } of client.watch<Abnormal>(RESOURCES.Abnormal, { signal })) {
        // Not one after another: a master answers many at once.
        if (type === 'ADDED' || type === 'MODIFIED') void answer(client, object, decide).catch(() => undefined);
      }
    } catch {
      if (!signal.aborted) await delay(20);
    }
  }
}

async function answer(client: ApiClient, abnormal: Abnormal, decide: (abnormal: Abnormal) => Partial<Grant> | undefined): Promise<void> {
  const isAnswered = ({ status }: Abnormal): boolean => {
    const grant = status?.recovery?.grant;
    if (!status?.recovery?.proposal || status.phase !== 'Recovering') return true;
    return grant?.proposalId === status.recovery.proposal.id && (grant.expiresAt === undefined || Date.parse(grant.expiresAt) > Date.now());
  };
  if (isAnswered(abnormal)) return;
  await patchStatus<Abnormal>(client, RESOURCES.Abnormal, abnormal, (fresh) => {
    const given = isAnswered(fresh) ? undefined : decide(fresh);
    if (!given) return undefined;
    const now = new Date();
    const grant: Grant = {
      proposalId: fresh.status?.recovery?.proposal?.id ?? '',
      decision: 'Granted',
      reason: 'Granted',
      trace: [],
      decidedAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + 60_000).toISOString(),
      ...given,
    };
    const others = fresh.status?.conditions?.filter(({ type }) => type !== 'RecoveryGranted') ?? [];
    const status = grant.decision === 'Granted' ? 'True' : grant.decision === 'Denied' ? 'False' : 'Unknown';
    const condition = { type: 'RecoveryGranted', status, reason: grant.reason, lastTransitionTime: now.toISOString() } as const;
    return { ...fresh.status, conditions: [...others, condition], recovery: { ...fresh.status?.recovery, grant } };
  });
}
