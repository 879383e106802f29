import { expect, it } from 'vitest';
import { PLUGIN_GROUPS } from './groups.ts';
import { nodePlugins } from './programs.ts';

it('names the plugins that each program really serves', () => {
  expect(nodePlugins().map(({ plugins }) => plugins)).toEqual([PLUGIN_GROUPS.node.map(({ manifest }) => manifest.name)]);
});
