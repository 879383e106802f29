import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NPM_TIMEOUT_MS = 120_000;
const LOCKFILE = join(import.meta.dirname, '..', 'pnpm-lock.yaml');

/**
 * Koffi's package for linux on one architecture: its loader and the binary for glibc (the one for musl is left out). This machine's is
 * installed already; another's is fetched by npm and held against the lockfile.
 * @throws Error when npm can't fetch it, or what it fetched is not what the lockfile says.
 */
export function koffiBinary(koffi: string, architecture: 'amd64' | 'arm64'): { name: string; files: Map<string, Buffer> } {
  const cpu = architecture === 'amd64' ? 'x64' : 'arm64';
  const name = `@koromix/koffi-linux-${cpu}`;
  const wanted = ['package.json', 'index.js', `linux_${cpu}/koffi.node`];
  const installed = join(koffi, '..', name);
  if (existsSync(installed)) {
    const folder = realpathSync(installed);
    return { name, files: readFiles(folder, wanted) };
  }
  const { version } = JSON.parse(readFileSync(join(koffi, 'package.json'), 'utf8')) as { version: string };
  return { name, files: fetchPackage(name, version, wanted) };
}

function fetchPackage(name: string, version: string, wanted: readonly string[]): Map<string, Buffer> {
  const integrity = new RegExp(`^  '${name}@${version}':\\n    resolution: \\{integrity: sha512-([^}]+)\\}`, 'm').exec(
    readFileSync(LOCKFILE, 'utf8'),
  )?.[1];
  if (integrity === undefined) throw new Error(`pnpm-lock.yaml knows no ${name}@${version}`);
  const work = mkdtempSync(join(tmpdir(), 'kdr-koffi-'));
  try {
    const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', `${name}@${version}`], {
      cwd: work,
      timeout: NPM_TIMEOUT_MS,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const packed: unknown = JSON.parse(output);
    const archive = readFileSync(join(work, archiveName(packed)));
    if (createHash('sha512').update(archive).digest('base64') !== integrity)
      throw new Error(`${name}@${version} as fetched is not what pnpm-lock.yaml says: do not use it`);
    execFileSync('tar', ['-xzf', '-', '-C', work], { input: archive, timeout: NPM_TIMEOUT_MS });
    return readFiles(join(work, 'package'), wanted);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function readFiles(folder: string, files: readonly string[]): Map<string, Buffer> {
  return new Map(files.map((file) => [file, readFileSync(join(folder, file))] as const));
}

/** `npm pack --json` gives a list; newer ones an object by name. */
function archiveName(packed: unknown): string {
  const [first] = Object.values(packed as Record<string, { filename: string }>);
  if (first === undefined) throw new Error('npm pack fetched nothing');
  return first.filename.replace(/^@/, '').replace('/', '-');
}
