import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { FaultError } from '../faults/fault-error.ts';
import { helmPath } from '../tools/helm.ts';
import { kubectl, kubectlPath } from '../tools/kubectl.ts';
import { cleanUp, cleanUpAbandoned } from './clean-up.ts';
import { ClusterError } from './cluster-error.ts';
import { startCluster } from './cluster.ts';
import { readClusterConfig } from './config.ts';
import { isAlive } from '../faults/proc.ts';
import { findRunDirectory, recordedProcesses, type RunDirectory } from './run-directory.ts';

/** The developer's cluster: one, by this name, that outlives the command. */
const NAME = 'dev';
const onProgress = (text: string) => void process.stderr.write(`${text}\n`);

const COMMANDS: Record<string, { help: string; run(rest: readonly string[]): Promise<number> }> = {
  up: { help: 'build what is missing, take down what an earlier run left, start two nodes (or: up 3)', run: up },
  down: { help: 'end all of it; also what killed tests left', run: down },
  status: { help: 'nodes, pods and programs', run: status },
  shell: { help: '$SHELL with KUBECONFIG, kubectl and helm; or one command: shell -- kubectl get pods', run: shell },
};

async function up([count = '2']: readonly string[]): Promise<number> {
  const before = findRunDirectory(NAME);
  if (before !== undefined) await cleanUp(before, { onProgress });
  const cluster = await startCluster({ name: NAME, kept: true, nodes: Number(count), onProgress });
  process.stdout.write(`KUBECONFIG=${cluster.kubeconfig}\n`);
  onProgress('"pnpm cluster shell" has kubectl and helm for it; "pnpm cluster down" ends it.');
  return 0;
}

async function down(): Promise<number> {
  const at = findRunDirectory(NAME);
  if (at !== undefined) await cleanUp(at, { onProgress });
  const others = await cleanUpAbandoned({ onProgress });
  if (at === undefined && others.length === 0) onProgress('There is no cluster.');
  return 0;
}

async function status(): Promise<number> {
  const at = running();
  const { stdout, stderr, code } = await kubectl(kubeconfigOf(at), ['get', 'nodes', '-o', 'wide']);
  process.stdout.write(code === 0 ? stdout : `The API server does not answer: ${stderr}`);
  const rows = recordedProcesses(at).map(
    (one) => `${one.name.padEnd(28)} ${String(one.pid).padStart(8)}  ${isAlive(one) ? 'runs' : 'ended'}`,
  );
  process.stdout.write(`\n${rows.join('\n')}\n\nDirectory: ${at.directory} (logs/, nodes/node-1/var/log/)\n`);
  return code;
}

async function shell(rest: readonly string[]): Promise<number> {
  const at = running();
  const { shell: fallback, path } = readClusterConfig();
  const [program = fallback, ...args] = rest;
  const tools = [...new Set([dirname(kubectlPath()), dirname(helmPath())])].join(':');
  const env = { ...process.env, KUBECONFIG: kubeconfigOf(at), PATH: `${tools}:${path}` };
  const child = spawn(program, args, { stdio: 'inherit', env });
  // Ctrl-C is for the command; the shell of the terminal sends it to both.
  process.on('SIGINT', () => undefined);
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve(code ?? 1)));
}

function running(): RunDirectory {
  const at = findRunDirectory(NAME);
  if (at !== undefined) return at;
  throw new ClusterError('KDR_CLUSTER_NOT_RUNNING', 'There is no cluster. Start one: pnpm cluster up');
}

function kubeconfigOf(at: RunDirectory): string {
  return join(at.directory, 'kubeconfig');
}

async function main([name = '', ...rest]: readonly string[]): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command.run(rest.filter((argument, index) => index > 0 || argument !== '--'));
  const lines = Object.entries(COMMANDS).map(([known, { help }]) => `  ${known.padEnd(8)} ${help}`);
  process.stderr.write(['Usage: pnpm cluster COMMAND', ...lines, ''].join('\n'));
  return 2;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const coded = error instanceof ClusterError || error instanceof FaultError;
    process.stderr.write(`${coded ? `${error.code}: ${error.message}` : String(error)}\n`);
    process.exit(1);
  },
);
