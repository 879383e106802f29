import { resolve } from 'node:path';
import { createLogger } from '@kdr/controller-runtime';
import { type Command, InvalidArgumentError } from 'commander';
import type { CliContext } from '../session.ts';

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535) throw new InvalidArgumentError('must be a port from 0 to 65535');
  return value;
}

/** `kdr up`: the whole platform on this machine. */
export function registerUp(program: Command, context: CliContext): void {
  const { config, out } = context;
  program
    .command('up')
    .description('Run the whole platform on this machine: API server, master, agent, reference plugins and sources')
    .option('--state-dir <directory>', 'where everything is kept', config.stateDirectory)
    .option('--port <port>', 'port of the API server on loopback; 0: any free one', port, 7443)
    .option('--probe-port <port>', 'port of /healthz, /readyz, /metrics on loopback; 0: any free one', port, 0)
    .option('--node <name>', 'name of this machine')
    .option('--no-bundle', 'without the reference plugins and sources')
    .action(async (flags: { stateDir: string; port: number; probePort: number; node?: string; bundle: boolean }) => {
      const { up } = await import('../up/up.ts');
      const stop = new AbortController();
      if (config.env.KDR_PARENT_PIPE !== undefined) onEnd(context.stdin, () => stop.abort());
      await up(
        {
          // A registration names its socket by an absolute path.
          stateDirectory: resolve(flags.stateDir),
          port: flags.port,
          probePort: flags.probePort,
          node: flags.node,
          user: config.user,
          bundle: flags.bundle,
          env: config.env,
          logger: createLogger({ name: 'kdr', level: config.logLevel as 'info', destination: process.stderr }),
          onReady: ({ url, kubeconfig, probes }) =>
            out.print(
              `kdr is up at ${url}\n  export KUBECONFIG=${kubeconfig}\n  kubectl get abn -w        (or: kdr get abn -w)\n  metrics and health: ${probes}\nCtrl-C stops it; everything is kept in ${resolve(flags.stateDir)}`,
            ),
        },
        AbortSignal.any([context.signal, stop.signal]),
      );
    });
}

/** With `KDR_PARENT_PIPE` whoever started us holds the other end of our standard input: when it ends, even by kill -9, we end too. */
function onEnd(stdin: NodeJS.ReadableStream & { unref?(): void }, stop: () => void): void {
  stdin.on('end', stop).on('error', stop).resume();
  // Waiting for that end alone must not keep a stopped process alive.
  stdin.unref?.();
}
