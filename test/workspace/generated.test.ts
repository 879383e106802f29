import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generatedFiles } from '../../scripts/generated-files.ts';

const root = join(import.meta.dirname, '..', '..');

it.each([...generatedFiles()])('%s is what the vocabulary says (else: pnpm generate)', (path, content) => {
  const file = join(root, path);
  expect(existsSync(file) && readFileSync(file, 'utf8') === content).toBe(true);
});
