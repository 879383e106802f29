import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, it, vi } from 'vitest';
import { CHARTS, offline } from './rendering.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const directory = mkdtempSync(join(tmpdir(), 'kdr-packed-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it.each(['kdr', 'kdr-plugin'])('%s packs what it needs and no junk', async (chart) => {
  const copy = join(directory, chart);
  cpSync(join(CHARTS, chart), copy, { recursive: true });
  // What lies about where people work.
  for (const junk of ['.DS_Store', 'values.yaml.orig', 'old-0.0.1.tgz', '.values.yaml.swp', 'notes~']) writeFileSync(join(copy, junk), 'x');
  const { code, stderr } = await offline(['package', copy, '--destination', directory]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const archive = readdirSync(directory).find((name) => name.startsWith(`${chart}-0`) && name.endsWith('.tgz')) ?? '';
  const { stdout } = await execa('tar', ['-tzf', join(directory, archive)]);
  const files = stdout.split('\n').map((file) => file.slice(chart.length + 1));
  expect(files).toEqual(expect.arrayContaining(['Chart.yaml', 'values.yaml', 'values.schema.json', 'README.md', 'templates/NOTES.txt']));
  const known =
    /^(Chart\.yaml|values\.yaml|values\.schema\.json|README\.md|\.helmignore|templates\/[\w/-]+\.(yaml|tpl|txt)|files\/[\w./-]+\.json)$/;
  expect(files.filter((file) => !known.test(file))).toEqual([]);
  // Helm keeps chart and manifest of each revision in one Secret of at most 1 MiB.
  expect(readFileSync(join(directory, archive)).length).toBeLessThan(150_000);
});
