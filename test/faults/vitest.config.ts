import { defineConfig } from 'vitest/config';

// The suite `faults`: real faults, as root, one file after the other (each loads both cores by itself).
export default defineConfig({
  test: {
    name: 'faults',
    root: import.meta.dirname,
    include: ['*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
