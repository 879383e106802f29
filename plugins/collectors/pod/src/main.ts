import { serve } from '@kdr/plugin-sdk';
import { plugin } from './index.ts';

await serve(plugin);
