import { serve } from '@kdr/plugin-sdk';
import { onParentGone, readGroup } from './arguments.ts';
import { PLUGIN_GROUPS } from './groups.ts';

const group = readGroup(process.argv.slice(2), Object.keys(PLUGIN_GROUPS) as (keyof typeof PLUGIN_GROUPS)[]);
const host = await serve({ plugins: PLUGIN_GROUPS[group] });
onParentGone(process.env, () => void host.close());
