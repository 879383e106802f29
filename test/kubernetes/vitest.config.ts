import { defineConfig, mergeConfig } from 'vitest/config';
import shared from '../../vitest.config.ts';

// Each file has a cluster of its own: one at a time.
export default mergeConfig(shared, defineConfig({ test: { fileParallelism: false, hookTimeout: 1_800_000 } }));
