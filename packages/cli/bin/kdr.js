#!/usr/bin/env node
// Committed, so that package managers link the command before the first build.
import { setFlagsFromString } from 'node:v8';

// V8's young generation would grow to its 16 MiB semi-spaces while `kdr up` starts, and keep them: 20 MiB for a few per cent of speed.
// The factor is read when it grows (v8/src/heap), so it can be set here; a limit on the size could not.
setFlagsFromString('--semi-space-growth-factor=1');
await import('../dist/main.js');
