import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { KdrError } from '@kdr/api-types';
import { type Credential, readExecCredential } from './exec-credential.ts';
import { flagField, listField, textField, wrong } from './fields.ts';
import { type Entry, isObject } from './load.ts';

/** A credential plugin of a kubeconfig (client.authentication.k8s.io), ready to run. */
export interface ExecPlugin {
  /** Names it in errors: `credential plugin "aws" (user "eks")`. */
  who: string;
  command: string;
  args: string[];
  /** What is added to our own environment. */
  env: Record<string, string>;
  apiVersion: string;
  interactiveMode: (typeof MODES)[number];
  installHint: string | undefined;
  /** What KUBERNETES_EXEC_INFO says of the cluster, where the plugin wants to know it. */
  cluster: object | undefined;
}

const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const MODES = ['Never', 'IfAvailable', 'Always'] as const;

/**
 * Reads the `exec` of a user.
 * @throws KdrError KDR_CLI_USAGE for what no client takes.
 */
export function readExecPlugin(file: string, user: string, exec: unknown, cluster: object): ExecPlugin {
  const entry: Entry = { file: `${file}: exec of user "${user}"`, value: isObject(exec) ? exec : {} };
  const [command, apiVersion] = [textField(entry, 'command'), textField(entry, 'apiVersion') ?? ''];
  if (command === undefined) throw wrong(entry, 'command is missing');
  if (!VERSIONS.includes(apiVersion))
    throw wrong(entry, `apiVersion must be ${VERSIONS.join(' or ')}, not "${apiVersion}" (v1alpha1 went away with Kubernetes 1.24)`);
  const mode = textField(entry, 'interactiveMode') ?? (apiVersion.endsWith('/v1') ? '' : 'IfAvailable');
  const interactiveMode = MODES.find((one) => one === mode);
  if (interactiveMode === undefined) throw wrong(entry, `interactiveMode must be ${MODES.join(', ')}, not "${mode}"`);
  return {
    who: `credential plugin "${command}" (user "${user}")`,
    // As client-go: a path with a slash starts at the kubeconfig, a bare word is looked up in PATH.
    command: command.includes('/') ? resolve(dirname(file), command) : command,
    args: listField(entry, 'args'),
    env: variables(entry),
    apiVersion,
    interactiveMode,
    installHint: textField(entry, 'installHint'),
    cluster: flagField(entry, 'provideClusterInfo') ? cluster : undefined,
  };
}

function variables(entry: Entry): Record<string, string> {
  const list = entry.value.env ?? [];
  if (!Array.isArray(list)) throw wrong(entry, 'env must be a list of name and value');
  return Object.fromEntries(
    (list as unknown[]).map((one) => {
      const item: Entry = { file: `${entry.file}: env`, value: isObject(one) ? one : {} };
      const name = textField(item, 'name');
      if (name === undefined) throw wrong(item, 'every variable needs a name');
      return [name, textField(item, 'value') ?? ''];
    }),
  );
}

/** What a run of a plugin needs of this process. */
export interface ExecRuntime {
  env: Readonly<Record<string, string | undefined>>;
  /** Whether a person sits at standard input. */
  terminal: boolean;
  signal: AbortSignal;
  /** How long it may take; 60 s, or 10 min where it may ask a person. */
  timeoutMs?: number;
}

/** A credential is some kB. */
const MOST_OUTPUT = 1024 * 1024;

/**
 * Runs a plugin once: its standard error is ours, so that it can tell a person what to do; its standard input too, where it may be interactive.
 * @throws KdrError KDR_CREDENTIAL_PLUGIN
 */
export async function runExecPlugin(plugin: ExecPlugin, runtime: ExecRuntime): Promise<Credential> {
  const interactive = plugin.interactiveMode !== 'Never' && runtime.terminal;
  if (plugin.interactiveMode === 'Always' && !interactive) {
    throw new KdrError('KDR_CREDENTIAL_PLUGIN', `${plugin.who} must ask a person, and standard input is no terminal`);
  }
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive, ...(plugin.cluster === undefined ? {} : { cluster: plugin.cluster }) },
  };
  const child = spawn(plugin.command, plugin.args, {
    stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
    env: { ...runtime.env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
  });
  const timeoutMs = runtime.timeoutMs ?? (interactive ? 600_000 : 60_000);
  const output = await new Promise<string>((done, fail) => {
    let text = '';
    const refuse = (why: string) => {
      settle();
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 2_000).unref();
      // What it has started may hold the pipe; we do not wait for that.
      child.stdout?.destroy();
      const hint = plugin.installHint === undefined ? '' : `\n${plugin.installHint}`;
      fail(new KdrError('KDR_CREDENTIAL_PLUGIN', `${plugin.who} ${why}${hint}`));
    };
    const timer = setTimeout(() => refuse(`gave no credential within ${timeoutMs / 1000} s, and was stopped`), timeoutMs);
    const abort = () => refuse('was stopped, as we were');
    const settle = () => {
      clearTimeout(timer);
      runtime.signal.removeEventListener('abort', abort);
    };
    if (runtime.signal.aborted) abort();
    else runtime.signal.addEventListener('abort', abort);
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.length > MOST_OUTPUT) refuse(`printed more than ${MOST_OUTPUT} characters`);
    });
    child.on('error', (error: NodeJS.ErrnoException) =>
      refuse(error.code === 'ENOENT' ? 'is not installed: there is no such program' : `can't be run: ${error.message}`),
    );
    child.on('close', (code, signal) => {
      if (code !== 0) return refuse(signal === null ? `failed with exit code ${code}` : `was ended by ${signal}`);
      settle();
      done(text);
    });
  });
  return readExecCredential(output, plugin.apiVersion, plugin.who);
}

/** Two requests that are refused together ask the plugin once. */
const AGAIN_AFTER_MS = 5_000;

/** Runs a plugin when a credential is needed and the last one is not good any more; never twice at once. */
export function createExecCredentials(
  plugin: ExecPlugin,
  runtime: ExecRuntime,
  now: () => number = Date.now,
): (rejected: boolean) => Promise<Credential> {
  let current: Credential | undefined;
  let gotAt = -Infinity;
  let running: Promise<Credential> | undefined;
  const run = async () => {
    try {
      current = await runExecPlugin(plugin, runtime);
      gotAt = now();
      return current;
    } finally {
      running = undefined;
    }
  };
  return (rejected) => {
    const good = current !== undefined && (current.expiresAt === undefined || current.expiresAt > now());
    if (current !== undefined && good && (!rejected || now() - gotAt < AGAIN_AFTER_MS)) return Promise.resolve(current);
    return (running ??= run());
  };
}
