import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubectlPath } from '../tools/kubectl.ts';
import { NODE_FLOOR, outsiderEnvironment, succeeds } from './command.ts';
import { type OutsiderPlugin, WALKTHROUGH, dockerfileCopies, makeImageContext, makeOutsiderPlugin } from './outsider-plugin.ts';
import { type Packed, packAll } from './packing.ts';
import { type Registry, startRegistry } from './registry.ts';
import { type Scratch, makeScratch } from './scratch.ts';
import { readWalkthrough } from './walkthrough.ts';

const { files, steps } = readWalkthrough(WALKTHROUGH);
const root = join(import.meta.dirname, '..', '..');
let packed: Packed;
let registry: Registry;
let scratch: Scratch;
let plugin: OutsiderPlugin;

beforeAll(async () => {
  packed = await packAll();
  registry = await startRegistry(packed.packages);
  scratch = makeScratch();
  plugin = await makeOutsiderPlugin(scratch.directory, registry);
}, 600_000);
afterAll(async () => {
  await scratch?.remove();
  await registry?.close();
  packed?.remove();
});

const sh = (line: string, env: Record<string, string> = {}) =>
  succeeds('sh', ['-ec', line], { cwd: scratch.directory, env: outsiderEnvironment(env), seconds: 180 });

describe('an outsider with Node 22.19, an empty folder and the packed packages', { timeout: 240_000 }, () => {
  it('is on that Node, and gets the SDK as a package and not as a link into the checkout', async () => {
    expect(await sh('node --version')).toBe('v22.19.0\n');
    expect(existsSync(join(scratch.directory, 'node_modules', '@kdr', 'plugin-sdk', 'dist', 'index.js'))).toBe(true);
    expect(existsSync(join(scratch.directory, 'node_modules', '@kdr', 'plugin-sdk', 'src'))).toBe(false);
  });

  it('runs the 20 lines of the README as they stand, and asks them with curl', async () => {
    const readme = /```ts\n([^]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
    expect(readme.replace('const plugin', 'export const plugin')).toContain(files['plugin.ts']?.split('\n').slice(3).join('\n').trim());
    writeFileSync(join(scratch.directory, 'disk-full.ts'), readme);
    const served = scratch.start('exec node disk-full.ts', { KDR_PLUGIN_DIR: join(scratch.directory, 'readme') });
    await served.says(/serving/);
    const post = `curl -sS --unix-socket readme/disk-full.sock http://plugin/v1/diagnose -H 'content-type: application/json' -d @-`;
    const request = {
      ...{ protocol: 'v1', requestId: 'r1', attempt: 1, deadline: new Date(Date.now() + 20_000).toISOString(), purpose: 'Diagnose' },
      ...{ node: { name: 'n', bootId: 'b' }, information: {}, parameters: { threshold: 0 } },
      abnormal: {
        namespace: 'default',
        name: 'a',
        uid: 'u',
        spec: { source: 'Custom', fault: 'DiskPressure', processReference: { pid: 2 } },
      },
    };
    const answer = JSON.parse(await sh(`${post} <<'END'\n${JSON.stringify(request)}\nEND`)) as object;
    expect(answer).toMatchObject({ outcome: 'Identified', cause: 'DiskFull' });
    await served.stop();
    expect(existsSync(join(scratch.directory, 'readme', 'disk-full.sock'))).toBe(false);
  });

  it('has types without a tsconfig of ours', async () => {
    // The declarations of the packages are checked too: one that does not resolve would make everything `any`.
    const options = '--noEmit --strict --module nodenext --target es2024 --allowImportingTsExtensions --types node';
    await sh(`npx tsc ${options} plugin.ts main.ts plugin.test.ts`);
    writeFileSync(join(scratch.directory, 'wrong.ts'), (files['plugin.ts'] ?? '').replace("severity: 'warning'", "severity: 'dreadful'"));
    await expect(sh(`npx tsc ${options} wrong.ts`)).rejects.toThrow(/wrong\.ts\(\d+,\d+\): error TS/);
  });

  it('passes the contract and the own cases', async () => {
    expect(await sh(steps.test ?? 'false')).toMatch(/Tests +1[0-9] passed/);
  });

  it('serves it, and KDR identifies a fault with it', async () => {
    const served = scratch.start(`exec env ${(steps.serve ?? 'false').trim()}`);
    await served.says(/serving/);
    expect(JSON.parse(await sh((steps.ask ?? 'false').replace('curl', 'curl -sS')))).toMatchObject({
      name: 'disk-full',
      role: 'diagnoser',
    });

    const state = join(scratch.directory, 'state');
    const up = scratch.start(`exec ${(steps.up ?? 'false').trim()} --port 0`, { KDR_STATE_DIR: state, KDR_UNREAPED_SECONDS: '86400' });
    await up.says(/kdr is up/);
    const kubeconfig = /export KUBECONFIG=(\S+)/.exec(up.output())?.[1] ?? '';
    const environment = { KUBECONFIG: kubeconfig, PATH: `${dirname(NODE_FLOOR)}:${dirname(kubectlPath())}:${process.env.PATH}` };
    const told = await sh(steps.identify ?? 'false', environment);
    expect(told).toContain('diagnoser.kdr.dev/disk-full registered');
    expect(told).toMatch(/DiskFull[^]*% of \/ are used/);
    // What runs is the installed platform, on the oldest Node.
    expect(await sh('npx kdr version', environment)).toContain(packed.packages.find(({ name }) => name === '@kdr/cli')?.manifest.version);
  });

  it('makes an image’s context that runs without anything else', async () => {
    const context = join(scratch.directory, 'image');
    await makeImageContext(plugin.directory, context);
    const app = join(scratch.directory, 'app');
    mkdirSync(app);
    await sh(`cd image && cp -r ${dockerfileCopies(context).join(' ')} ${app}`);
    const served = scratch.start('cd app && exec node main.ts', { KDR_PLUGIN_DIR: join(scratch.directory, 'sidecar') });
    await served.says(/serving/);
    expect(existsSync(join(scratch.directory, 'sidecar', `${plugin.name}.sock`))).toBe(true);
    expect(existsSync(join(app, 'node_modules', 'vitest'))).toBe(false);
  });
});
