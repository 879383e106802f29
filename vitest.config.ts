import { defineConfig } from 'vitest/config';

// Workspace packages are read from their source (condition kdr-source), so tests need no build.
const conditions = ['kdr-source', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ['{packages,plugins}/**/src/**/*.test.ts', 'test/**/*.test.ts'], testTimeout: 20_000, hookTimeout: 60_000 },
});
