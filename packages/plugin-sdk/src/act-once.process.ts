// Serves recoverers in a process of its own, for tests that kill it: `act-once.process.ts DIRECTORY`.
import { join } from 'node:path';
import { serve } from './index.ts';
import { writingRecoverer } from './writing-recoverer.ts';

const directory = process.argv[2]!;
const effects = join(directory, 'effects');
const plugins = [writingRecoverer(effects, 'plain', false), writingRecoverer(effects, 'probing', true)];
await serve({ plugins, directory: join(directory, 'plugins') });
process.stdout.write('serving\n');
