import { defineConfig } from 'vitest/config';
import shared from '../../vitest.config.ts';

// Each file has a cluster of its own: one at a time. On a new machine the first one builds Kubernetes.
const test = { include: ['test/kubernetes/*.test.ts'], fileParallelism: false, testTimeout: 60_000, hookTimeout: 1_800_000 };
export default defineConfig({ ...shared, root: `${import.meta.dirname}/../..`, test });
