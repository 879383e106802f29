import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** The oldest Node that the published packages promise to run on. */
export const NODE_FLOOR = join(root, 'test', 'node_modules', 'node-floor', 'bin', 'node');

/** What a command gave. */
export interface Ran {
  code: number | null;
  /** Standard output and error, as they came. */
  output: string;
}

/** The environment of somebody who has never seen this checkout: the oldest Node, none of pnpm's or the tests' own settings. */
export function outsiderEnvironment(extra: Record<string, string> = {}): Record<string, string | undefined> {
  const foreign = /^(npm_|pnpm_|NODE_OPTIONS$|NODE_PATH$|VITEST|TEST$|FORCE_COLOR$|KDR_|KUBECONFIG$|INIT_CWD$)/i;
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const path = (own.PATH ?? '').split(':').filter((part) => !part.startsWith(root) && !part.includes('/_npx/'));
  return { ...own, PATH: [dirname(NODE_FLOOR), ...path].join(':'), NO_COLOR: '1', ...extra };
}

/** Runs a command to its end, ten minutes at most. */
export async function command(
  file: string,
  args: string[],
  { cwd, env, seconds = 600 }: { cwd: string; env?: Record<string, string | undefined>; seconds?: number },
): Promise<Ran> {
  const child = spawn(file, args, { cwd, env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'], timeout: seconds * 1000 });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => (output += part));
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { code, output };
}

/** The same, where anything but 0 is an error with all that was said. */
export async function succeeds(file: string, args: string[], options: Parameters<typeof command>[2]): Promise<string> {
  const { code, output } = await command(file, args, options);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}:\n${output.slice(-8000)}`);
  return output;
}
