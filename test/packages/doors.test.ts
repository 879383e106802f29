import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { outsiderEnvironment, succeeds } from './command.ts';
import { type Packed, packAll } from './packing.ts';
import { type Registry, startRegistry } from './registry.ts';
import { type Scratch, makeScratch } from './scratch.ts';

let packed: Packed;
let registry: Registry;
let scratch: Scratch;
let doors: string[];

const sh = (line: string) => succeeds('sh', ['-ec', line], { cwd: scratch.directory, env: outsiderEnvironment(), seconds: 240 });

beforeAll(async () => {
  packed = await packAll();
  registry = await startRegistry(packed.packages);
  scratch = makeScratch();
  registry.useIn(scratch.directory);
  writeFileSync(join(scratch.directory, 'package.json'), '{ "type": "module" }');
  await sh(`npm install ${packed.packages.map(({ name }) => name).join(' ')} typescript @types/node`);
  doors = packed.packages.flatMap(({ name, manifest }) =>
    Object.keys(manifest.exports)
      .filter((path) => path !== './package.json')
      .map((path) => name + path.slice(1)),
  );
}, 600_000);
afterAll(async () => {
  await scratch?.remove();
  await registry?.close();
  packed?.remove();
});

it('every door of every package opens on Node 22.19, and importing it starts nothing', async () => {
  writeFileSync(
    join(scratch.directory, 'doors.js'),
    `for (const door of ${JSON.stringify(doors)}) console.log(door, Object.keys(await import(door)).length);\n`,
  );
  // It ends by itself: no import has left a timer, a socket or a server behind.
  const opened = (await sh('timeout 60 node doors.js')).trim().split('\n');
  expect(opened.map((line) => line.split(' ')[0])).toEqual(doors);
  expect(opened.filter((line) => / 0$/.test(line))).toEqual([]);
}, 120_000);

it('every door has types that resolve, declarations of dependencies included', async () => {
  const text = doors.map((door, at) => `import * as d${at} from '${door}';`).join('\n');
  const kinds = doors.map((_, at) => `  d${at} satisfies Record<string, unknown>;`).join('\n');
  writeFileSync(join(scratch.directory, 'doors.ts'), `${text}\n${kinds}\n`);
  await sh('npx tsc --noEmit --strict --module nodenext --target es2024 --types node doors.ts');
}, 120_000);

it('each program says how it is called, or what it lacks, on Node 22.19', async () => {
  expect(await sh('npx kdr --help')).toContain('Kubernetes fault diagnosis and recovery');
  expect(await sh('npx kdr version')).toContain(packed.packages.find(({ name }) => name === '@kdr/cli')?.manifest.version);
  expect(await sh('npx kdr-plugins --group nowhere 2>&1 || true')).toContain('--group must be one of node, cluster, not "nowhere"');
  expect(await sh('npx kdr-agent --nonsense 2>&1 || true')).toContain("Unknown option '--nonsense'");
  expect(await sh('npx kdr-master 2>&1 || true')).toContain('Name the API server');
}, 120_000);
