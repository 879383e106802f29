import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { plugin } from '../../examples/custom-diagnoser/diagnoser.ts';
import { containers, find, render } from '../charts/rendering.ts';

const values = parse(readFileSync(join(import.meta.dirname, '..', '..', 'examples', 'sidecar', 'values.yaml'), 'utf8')) as {
  agent: { extraPlugins: { name: string; image: string }[] };
};

it('the values of examples/sidecar put the plugin beside the agent and register it as its manifest says', async () => {
  const objects = await render('kdr', { values });
  const { name, match } = plugin.manifest;
  const { spec } = find(objects, 'Diagnoser', name);
  expect(spec.match).toEqual(match);

  const { container } = containers(objects).find(({ where }) => where === `DaemonSet kdr-agent/plugin-${name}`) ?? {};
  expect(container?.image).toBe(values.agent.extraPlugins[0]?.image);
  expect(container?.securityContext.capabilities.add).toContain('SYS_PTRACE');
  const directory = (container?.env as { name: string; value?: string }[]).find((one) => one.name === 'KDR_PLUGIN_DIR')?.value;
  expect(spec.endpoint.local.socket).toBe(`${directory}/${name}.sock`);
});

it('the collector that it needs is registered beside it', async () => {
  const needed = (plugin.manifest.needs ?? []).map(({ collector }) => collector);
  expect(needed).toEqual(['process']);
  const objects = await render('kdr', { values });
  for (const collector of needed) find(objects, 'InformationCollector', collector);
});
