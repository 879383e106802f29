import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeImageContext } from '../../scripts/image-context.ts';
import { childrenOf } from '../faults/proc.ts';
import { type Images, buildImages } from './build-images.ts';
import { imageCache } from './cache-directory.ts';
import { type ImageContents, unpackImage } from './image-archive.ts';
import { USER, runInImage } from './run-in-image.ts';
import { withWorkDirectory } from './work-directory.ts';

/** Building takes chroot and mounts, and Debian packages. */
const able = process.getuid?.() === 0 && existsSync('/etc/debian_version');
const NAMES = ['master', 'agent', 'plugins'] as const;
const MEBIBYTE = 1024 * 1024;
const root = join(import.meta.dirname, '..', '..');

const contents = new Map<string, ImageContents>();
let images: Images;
let directory: string;
const finished = Promise.withResolvers<void>();
let cleaned: Promise<void>;
const rootfs = (name: string) => join(directory, name, 'rootfs');
/** What its container starts: the entrypoint with the image's arguments, or a pod's. */
const command = (name: string, args?: readonly string[]) => {
  const { Entrypoint = [], Cmd = [] } = contents.get(name)?.config.config ?? {};
  return [...Entrypoint, ...(args ?? Cmd)];
};
const environment = (name: string) =>
  Object.fromEntries((contents.get(name)?.config.config.Env ?? []).map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
/** What this image puts on its base. */
const own = (name: string) => contents.get(name)?.layers.slice(1) ?? [];

describe.skipIf(!able)('images', { timeout: 90_000 }, () => {
  beforeAll(async () => {
    images = await buildImages((text) => console.log(text));
    const ready = Promise.withResolvers<string>();
    cleaned = withWorkDirectory(imageCache(), (work) => {
      ready.resolve(work);
      return finished.promise;
    });
    directory = await ready.promise;
    for (const name of NAMES) {
      mkdirSync(join(directory, name));
      contents.set(name, await unpackImage(images[name].archive, join(directory, name)));
    }
  }, 900_000);

  afterAll(async () => {
    finished.resolve();
    await cleaned;
  });

  describe.each(NAMES)('the image of %s', (name) => {
    it('runs as nobody in particular, and says what it is', () => {
      const { config, architecture } = contents.get(name)?.config ?? {};
      expect(config?.User).toBe('65532:65532');
      expect(architecture).toBe(process.arch === 'x64' ? 'amd64' : process.arch);
      expect(config?.Labels).toMatchObject({
        'org.opencontainers.image.title': `kdr-${name}`,
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.version': 'test',
      });
    });

    it('holds programs and their licences, and nothing that made them', () => {
      const paths = own(name).flatMap((layer) => layer.paths);
      const files = paths.filter((path) => path !== '' && !path.endsWith('/'));
      expect(files.filter((path) => !path.startsWith('app/'))).toEqual([]);
      expect(files).toContain('app/THIRD-PARTY-LICENSES');
      const foreign = /\.ts$|\.map$|\.test\.|fixtures|testing|\/(npm|pnpm|yarn|apt|dpkg)(\/|$)|musl|\.(cc|hh|c|h)$/;
      expect(files.filter((path) => foreign.test(path))).toEqual([]);
    });

    it('adds at most 30 MB to its base', () => {
      const bytes = own(name).reduce((sum, layer) => sum + layer.bytes, 0);
      const base = contents.get(name)?.layers[0]?.bytes ?? 0;
      console.log(`kdr-${name}: ${(bytes / MEBIBYTE).toFixed(1)} MiB on a base of ${(base / MEBIBYTE).toFixed(0)} MiB (Node in it)`);
      expect(bytes).toBeGreaterThan(0);
      expect(bytes).toBeLessThan(30e6);
    });
  });

  it('starts each program by its entrypoint, with no shell in between', () => {
    expect(command('master').at(-1)).toBe('/app/kdr-master.js');
    expect(command('agent').at(-1)).toBe('/app/kdr-agent.js');
    expect(command('plugins').slice(-3)).toEqual(['/app/kdr-plugins.js', '--group', 'node']);
    for (const name of NAMES) expect(command(name)[0]).toBe('node');
  });

  describe('without a cluster', () => {
    it.each([
      ['master', []],
      ['agent', []],
      ['plugins', ['/app/kdr-sources.js', '--group', 'node']],
      ['plugins', ['/app/kdr-sources.js', '--group', 'cluster']],
    ] as const)('%s: %j ends with 2, and says in one line that it is in no Pod', async (name, args) => {
      const { exitCode, stderr, stdout } = await runInImage(rootfs(name), command(name, args), { env: environment(name) });
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toMatch(/^kdr-\w+: This does not run in a Pod.* \(KDR_NOT_IN_CLUSTER\)\. .*$/);
    });

    it('the command line says its version', async () => {
      const { stdout, stderr } = await runInImage(rootfs('master'), ['node', '/app/kdr.js', 'version', '--client', '-o', 'json']);
      const { version } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8')) as { version: string };
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toMatchObject({ client: version });
    });

    it('the plugins of a node are served, and end on TERM', async () => {
      const program = runInImage(rootfs('plugins'), ['node', '/app/kdr-plugins.js', '--group', 'node'], {
        env: { KDR_PLUGIN_DIR: '/tmp/plugins', KDR_ATTEMPT_DIR: '/tmp/attempts' },
      });
      const sockets = join(rootfs('plugins'), 'tmp', 'plugins');
      await expect.poll(() => socketsIn(sockets), { timeout: 50_000 }).toContain('process-kill.sock');
      expect(socketsIn(sockets)).toContain('containerd-shim-deadlock.sock');
      // Unshare passes no signal on; timeout(1), its child, does.
      const [bound] = childrenOf(program.pid ?? -1);
      expect(bound).toBeDefined();
      if (bound !== undefined) process.kill(bound.pid, 'SIGTERM');
      await program;
      expect(socketsIn(sockets)).toEqual([]);
    });
  });

  it.each(['agent', 'plugins'] as const)(
    '%s reaches a process by its descriptor: koffi loads, pidfd_open and pidfd_send_signal answer',
    async (name) => {
      const script = `
    const koffi = require('/app/node_modules/koffi');
    const syscall = koffi.load(null).func('long syscall(long number, ...)');
    const pidfd = syscall(434, 'int', process.pid, 'uint', 0);
    console.log(JSON.stringify({ uid: process.getuid(), pidfd, sent: syscall(424, 'int', pidfd, 'int', 0, 'void *', null, 'uint', 0) }));`;
      const { stdout, stderr } = await runInImage(rootfs(name), ['node', '--input-type=commonjs', '--eval', script]);
      expect(stderr).toBe('');
      const { uid, pidfd, sent } = JSON.parse(stdout) as { uid: number; pidfd: number; sent: number };
      expect(uid).toBe(USER);
      expect(pidfd).toBeGreaterThan(2);
      expect(sent).toBe(0);
    },
  );

  it('brings the tools of the shim diagnoser where it runs', async () => {
    const { stdout } = await runInImage(rootfs('plugins'), ['timeout', '5', 'strace', '--version']);
    expect(stdout).toMatch(/^strace -- version/);
  });

  it('takes koffi for arm64 from its package, as the lockfile has it', async () => {
    const context = join(directory, 'both');
    writeImageContext(context, ['amd64', 'arm64']);
    const machine = (path: string) => readFileSync(join(context, path)).readUInt16LE(18);
    // elf(5), e_machine: EM_X86_64 and EM_AARCH64.
    expect(machine('koffi-amd64/node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node')).toBe(62);
    expect(machine('koffi-arm64/node_modules/@koromix/koffi-linux-arm64/linux_arm64/koffi.node')).toBe(183);
  }, 120_000);

  it('takes the same images from the cache when nothing changed', async () => {
    const said: string[] = [];
    expect(await buildImages((text) => said.push(text))).toEqual(images);
    expect(said).toEqual([]);
  });
});

function socketsIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
