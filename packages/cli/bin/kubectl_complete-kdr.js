#!/usr/bin/env node
// What kubectl runs for the completion of `kubectl kdr …` (its documentation, "kubectl plugins"): the words so far are the arguments.
import process from 'node:process';

process.argv.splice(2, 0, '__complete');
await import('../dist/main.js');
