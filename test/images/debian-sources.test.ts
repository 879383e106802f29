import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { debianSources } from './debian-sources.ts';

let etc: string;
beforeEach(() => {
  etc = mkdtempSync(join(tmpdir(), 'kdr-etc-'));
  mkdirSync(join(etc, 'apt', 'sources.list.d'), { recursive: true });
  writeFileSync(join(etc, 'os-release'), 'NAME="Debian"\nVERSION_CODENAME=bookworm\n');
});
afterEach(() => rmSync(etc, { recursive: true, force: true }));
const source = (name: string, text: string) => writeFileSync(join(etc, 'apt', 'sources.list.d', name), text);

it('takes what offers the suite itself, in both formats, and no other archive', () => {
  source('debian.sources', 'Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n');
  source('old.list', 'deb [arch=amd64] http://mirror.example/debian bookworm contrib main\n');
  source('tools.list', 'deb http://tools.example/apt tools-bookworm main\n');
  source('engine.list', 'deb http://engine.example/linux bookworm stable\n');
  source('code.sources', 'Types: deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n');
  source('off.list.disabled', 'deb http://mirror.example/debian bookworm main\n');
  expect(debianSources(etc)).toEqual({
    suite: 'bookworm',
    files: ['debian.sources', 'old.list'].map((name) => join(etc, 'apt', 'sources.list.d', name)),
  });
});

it('says so where there is none, and where this is no Debian', () => {
  source('tools.list', '# deb http://mirror.example/debian bookworm main\n');
  expect(() => debianSources(etc)).toThrow('No apt source of this machine offers bookworm main');
  writeFileSync(join(etc, 'os-release'), 'NAME="Other"\n');
  expect(() => debianSources(etc)).toThrow('names no release');
});
