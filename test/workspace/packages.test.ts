import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const folders = (path: string) =>
  readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
interface Manifest {
  name: string;
  license: string;
  private?: boolean;
  engines?: { node: string };
  exports?: Record<string, unknown>;
  dependencies?: Record<string, string>;
}
const manifest = (path: string) => JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Manifest;
const own = (path: string) =>
  Object.keys(manifest(path).dependencies ?? {})
    .filter((name) => name.startsWith('@kdr/'))
    .sort();

/** docs/architecture.md: who may import whom. Arrows point down only. */
const MAY_IMPORT: Record<string, string[]> = {
  'api-types': [],
  linux: [],
  'controller-runtime': [],
  'goroutine-dump': [],
  'embedded-apiserver': [],
  'plugin-client': ['api-types'],
  'plugin-sdk': ['api-types'],
  agent: ['api-types', 'plugin-client', 'controller-runtime', 'linux'],
  master: ['api-types', 'controller-runtime', 'plugin-client'],
};
const PLUGIN = ['@kdr/plugin-sdk', '@kdr/linux', '@kdr/goroutine-dump'];
/** They alone among plugins talk to the API server: the group `cluster` (docs/architecture.md). */
const CLUSTER_PLUGINS = ['collectors/pod'];
const SOURCE = ['@kdr/api-types', '@kdr/controller-runtime', '@kdr/linux'];
const ROLES = ['collectors', 'diagnosers', 'recoverers', 'sources'] as const;
const plugins = ROLES.flatMap((role) => folders(`plugins/${role}`).map((name) => [role, name] as const));

describe('the rooms of the house', () => {
  it('are exactly these', () => expect(folders('packages').sort()).toEqual([...Object.keys(MAY_IMPORT), 'cli'].sort()));

  it.each(Object.entries(MAY_IMPORT))('%s imports only what its row allows', (name, allowed) => {
    expect(own(`packages/${name}`).filter((one) => !allowed.includes(one.slice('@kdr/'.length)))).toEqual([]);
  });

  it('the cli knows plugins through the bundle alone', () => {
    const known = folders('packages').map((name) => `@kdr/${name}`);
    expect(own('packages/cli').filter((one) => one !== '@kdr/bundle' && !known.includes(one))).toEqual([]);
  });

  it.each(plugins)('%s/%s imports neither a sibling nor the core', (role, name) => {
    const plugin = CLUSTER_PLUGINS.includes(`${role}/${name}`) ? [...PLUGIN, '@kdr/controller-runtime'] : PLUGIN;
    const allowed = role === 'sources' ? SOURCE : plugin;
    expect(own(`plugins/${role}/${name}`).filter((one) => !allowed.includes(one))).toEqual([]);
  });

  it('the bundle lists every plugin and source', () => {
    const names = plugins.map(([role, name]) => `@kdr/${role.slice(0, -1)}-${name}`);
    expect(own('plugins/bundle')).toEqual(expect.arrayContaining(names));
  });
});

describe('plugins all look alike', () => {
  it.each(plugins)('%s/%s', (role, name) => {
    const path = join(root, 'plugins', role, name);
    expect(manifest(`plugins/${role}/${name}`).name).toBe(`@kdr/${role.slice(0, -1)}-${name}`);
    const files =
      role === 'sources' ? ['index.ts', 'source.ts', 'config.ts'] : ['index.ts', `${role.slice(0, -1)}.ts`, 'main.ts', 'contract.test.ts'];
    expect(files.filter((file) => !existsSync(join(path, 'src', file)))).toEqual([]);
    const headings = [...readFileSync(join(path, 'README.md'), 'utf8').matchAll(/^## (.*)$/gm)].map((match) => match[1]);
    expect(headings).toEqual(['Recognises', 'Needs', 'Reports', 'Try it']);
    if (existsSync(join(path, 'fixtures'))) expect(existsSync(join(path, 'fixtures', 'README.md'))).toBe(true);
  });
});

describe('published packages', () => {
  const published = [
    ...folders('packages').map((name) => `packages/${name}`),
    ...plugins.map(([role, name]) => `plugins/${role}/${name}`),
    'plugins/bundle',
  ];

  it.each(published)('%s says its licence, its Node and its doors, and has a README', (path) => {
    const { license, engines, exports } = manifest(path);
    expect(license).toBe('Apache-2.0');
    expect(engines?.node).toBe('>=22.19');
    expect(exports).toHaveProperty(['./package.json']);
    expect(existsSync(join(root, path, 'README.md'))).toBe(true);
  });
});
