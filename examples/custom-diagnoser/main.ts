import { serve } from '@kdr/plugin-sdk';
import { plugin } from './diagnoser.ts';

await serve(plugin);
