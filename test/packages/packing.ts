import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { succeeds } from './command.ts';

const root = join(import.meta.dirname, '..', '..');

/** What a packed package.json says, as far as a test asks. */
export interface PackedManifest {
  name: string;
  version: string;
  type?: string;
  license?: string;
  engines?: { node?: string };
  exports: Record<string, unknown>;
  bin?: Record<string, string>;
  dependencies?: Record<string, string>;
  publishConfig?: Record<string, unknown>;
}

/** One package as it would be published. */
export interface PackedPackage {
  name: string;
  /** The tarball. */
  file: string;
  manifest: PackedManifest;
  /** What is in it, relative to the package. */
  files: string[];
}

/** All of them, and the directory that holds them. */
export interface Packed {
  packages: PackedPackage[];
  remove(): void;
}

/** Runs this house's pnpm to its end: `pnpm …` itself need not be there. @throws Error with all it said, where it fails */
export function pnpm(args: string[], cwd = root): Promise<string> {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { packageManager: string };
  return succeeds('npx', ['--yes', packageManager, ...args], { cwd });
}

/** Builds what has changed and packs every published package, as publishing would. Takes seconds where all is built. */
export async function packAll(): Promise<Packed> {
  await pnpm(['run', '--silent', 'build:inner']);
  const directory = mkdtempSync(join(tmpdir(), 'kdr-packed-'));
  try {
    const published = ['--filter', './packages/*', '--filter', './plugins/**'];
    const answer = await pnpm(['--recursive', '--silent', ...published, 'pack', '--pack-destination', directory, '--json']);
    const listed = JSON.parse(answer.slice(answer.indexOf('['))) as { filename: string; files: { path: string }[] }[];
    const packages = listed.map(({ filename }) => {
      const files = execFileSync('tar', ['-tzf', filename], { encoding: 'utf8' }).trim().split('\n');
      const manifest = JSON.parse(readPacked(filename, 'package.json')) as PackedManifest;
      return { name: manifest.name, file: filename, manifest, files: files.map((path) => path.replace(/^package\//, '')).sort() };
    });
    return { packages, remove: () => rmSync(directory, { recursive: true, force: true }) };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** One file of a tarball. */
export function readPacked(tarball: string, path: string): string {
  return execFileSync('tar', ['-xzOf', tarball, `package/${path}`], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
