// stopping-kill.ts SOCKETS ATTEMPTS FAILPOINTS: the real recoverer process-kill under another name, with a failpoint before and after its act.
import { type Plugin, serve } from '@kdr/plugin-sdk';
import { plugin as processKill } from '@kdr/recoverer-process-kill';
import { failpointsIn } from './failpoints.ts';

const [directory = '', attemptsDirectory = '', points = ''] = process.argv.slice(2);
const failpoints = failpointsIn(points);
const plugin: Plugin = {
  ...processKill,
  manifest: { ...processKill.manifest, name: 'stopping-kill' },
  run: async (request, services) => {
    const mode = 'mode' in request ? request.mode : '';
    failpoints.note(mode);
    if (mode !== 'Act') return processKill.run(request, services);
    await failpoints.pass('before-act');
    const answer = await processKill.run(request, services);
    await failpoints.pass('after-act');
    return answer;
  },
};
await serve({ plugins: [plugin], directory, attemptsDirectory });
