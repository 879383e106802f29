import { cpSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outsiderEnvironment, succeeds } from './command.ts';
import { type Packed, packAll } from './packing.ts';
import { type Registry, startRegistry } from './registry.ts';
import { type Scratch, makeScratch } from './scratch.ts';

const examples = join(import.meta.dirname, '..', '..', 'examples');
const own = (path: string) => path.startsWith(examples) && !path.includes('node_modules');
let packed: Packed;
let registry: Registry;
let scratch: Scratch;

beforeAll(async () => {
  packed = await packAll();
  registry = await startRegistry(packed.packages);
  scratch = makeScratch();
  // Beside each other, as their READMEs expect it.
  cpSync(examples, scratch.directory, { recursive: true, filter: own });
}, 600_000);
afterAll(async () => {
  await scratch?.remove();
  await registry?.close();
  packed?.remove();
});

const at = (example: string, ...line: [string, ...string[]]) =>
  succeeds(line[0], line.slice(1), { cwd: join(scratch.directory, example), env: outsiderEnvironment(), seconds: 240 });

/** The shell lines of a README, without comments. */
const commands = (example: string) =>
  [...readFileSync(join(examples, example, 'README.md'), 'utf8').matchAll(/```sh\n([^]*?)```/g)].map((match) =>
    (match[1] ?? '').replace(/\s+#.*$/gm, '').trim(),
  );

describe.each(['custom-diagnoser', 'custom-source'])('examples/%s, from the packed packages on Node 22.19', (example) => {
  it('installs, has right types, and its tests pass, as its README says', { timeout: 300_000 }, async () => {
    registry.useIn(join(scratch.directory, example));
    const lines = commands(example)[0] ?? '';
    expect(lines.split('\n').slice(0, 2)).toEqual(['npm install', 'npm test']);
    await at(example, 'npm', 'install');
    expect(await at(example, 'npm', 'test')).toMatch(/ℹ fail 0|# fail 0/);
    await at(example, 'npm', 'run', 'typecheck');
  });
});

describe('the example of a diagnoser with kdr up', () => {
  it('does what its README says', { timeout: 300_000 }, async () => {
    const folder = join(scratch.directory, 'custom-diagnoser');
    await at('custom-diagnoser', 'npm', 'install', '--no-save', '@kdr/cli');
    const state = join(scratch.directory, 's');
    const environment = { KDR_STATE_DIR: state, PATH: `${folder}/node_modules/.bin:${outsiderEnvironment().PATH ?? ''}` };
    const up = scratch.start('cd custom-diagnoser && exec kdr up --port 0', { ...environment, KDR_UNREAPED_SECONDS: '86400' });
    await up.says(/kdr is up/);
    const [serve = '', ...lines] = (commands('custom-diagnoser')[1] ?? '').split('\n');
    const served = scratch.start(`cd custom-diagnoser && ${serve} wait`, environment);
    await served.says(/serving/);
    const asked = scratch.start(`cd custom-diagnoser && ${lines.join('\n')}\nkill $!`, environment);
    await asked.says(/DescriptorsExhausted[^]*× \/dev\/zero/);
  });
});

describe('examples', () => {
  it('are all listed, and each says what it shows, how to run it and what to see', () => {
    const folders = readdirSync(examples, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    const index = readFileSync(join(examples, 'README.md'), 'utf8');
    for (const name of folders) {
      expect(index).toContain(`(${name}/README.md)`);
      const headings = [...readFileSync(join(examples, name, 'README.md'), 'utf8').matchAll(/^## (.*)$/gm)].map((match) => match[1]);
      expect(headings, name).toEqual(['What it shows', 'Run it', 'What you should see']);
    }
  });
});
