// node scripts/image-context.ts DIRECTORY ARCH…: lays out what the Dockerfile copies into the images, from the built programs.
import { cpSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { koffiBinary } from './koffi-binary.ts';
import { thirdPartyLicences } from './third-party-licences.ts';

const root = join(import.meta.dirname, '..');

/** Architectures by the names that container images use. */
export type Architecture = 'amd64' | 'arm64';
/** This machine's. */
export const OWN_ARCHITECTURE: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** By image: its programs, each one bundled file, by the file that the build makes. */
export const PROGRAMS: Readonly<Record<'master' | 'agent' | 'plugins', Readonly<Record<string, string>>>> = {
  master: { 'kdr-master.js': 'packages/master/dist/main.js', 'kdr.js': 'packages/cli/dist/main.js' },
  agent: { 'kdr-agent.js': 'packages/agent/dist/main.js' },
  plugins: { 'kdr-plugins.js': 'plugins/bundle/dist/kdr-plugins.js', 'kdr-sources.js': 'plugins/bundle/dist/kdr-sources.js' },
};

/** Koffi is native, so no part of a bundle: of its package what it loads at run time, without sources and other systems' binaries. */
const KOFFI_FILES = ['package.json', 'LICENSE.txt', 'index.cjs', 'src/koffi/index.cjs', 'src/koffi/src/static.cjs'];

/**
 * Writes DIRECTORY anew: a folder per image, and `koffi-<arch>` for those that make system calls.
 * @throws Error that says what to build where a program is missing, or why koffi's binary for another architecture can't be had.
 */
export function writeImageContext(directory: string, architectures: readonly Architecture[]): void {
  rmSync(directory, { recursive: true, force: true });
  for (const [image, programs] of Object.entries(PROGRAMS)) {
    const folder = join(directory, image);
    mkdirSync(folder, { recursive: true });
    for (const [name, built] of Object.entries(programs)) copyProgram(join(root, built), join(folder, name));
    // Node then need not guess that these files are modules.
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ type: 'module', license: 'Apache-2.0' })}\n`);
    cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
    const maps = Object.values(programs).map((built) => join(root, `${built}.map`));
    writeFileSync(join(folder, 'THIRD-PARTY-LICENSES'), thirdPartyLicences(maps));
  }
  for (const architecture of architectures) copyKoffi(join(directory, `koffi-${architecture}`, 'node_modules'), architecture);
}

function copyProgram(built: string, file: string): void {
  try {
    // The source map stays outside: a stack trace of the bundle has the functions' names.
    writeFileSync(file, readFileSync(built, 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?$/m, ''));
  } catch (cause) {
    throw new Error(`${built} is not there: \`npm run build\` makes it`, { cause });
  }
}

function copyKoffi(modules: string, architecture: Architecture): void {
  const koffi = realpathSync(join(root, 'packages', 'linux', 'node_modules', 'koffi'));
  for (const file of KOFFI_FILES) cpSync(join(koffi, file), join(modules, 'koffi', file));
  const { name, files } = koffiBinary(koffi, architecture);
  for (const [file, content] of files) {
    const target = join(modules, name, file);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
}

if (import.meta.main) {
  const [directory, ...architectures] = process.argv.slice(2);
  const unknown = architectures.filter((one) => one !== 'amd64' && one !== 'arm64');
  if (directory === undefined || unknown.length > 0) {
    console.error(
      `Usage: node scripts/image-context.ts DIRECTORY [amd64] [arm64]${unknown.length > 0 ? `, not ${unknown.join(', ')}` : ''}`,
    );
    process.exit(2);
  }
  writeImageContext(resolve(directory), architectures.length > 0 ? (architectures as Architecture[]) : [OWN_ARCHITECTURE]);
}
