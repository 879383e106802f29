import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, expect, it } from 'vitest';
import { run } from './run.ts';

const directory = mkdtempSync(join(tmpdir(), 'kdr-run-'));
afterAll(() => rmSync(directory, { recursive: true }));
const empty = join(directory, 'kubeconfig');
writeFileSync(empty, '');

async function exits(line: string): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  const code = await run(line.split(' '), {
    config: {
      stateDirectory: directory,
      kubeconfigs: [empty],
      serviceAccount: directory,
      kdrNamespace: 'kdr-system',
      webhookName: 'kdr',
      user: 'me',
      logLevel: 'warn',
      env: {},
    },
    out: { print: (text) => void said.push(text), note: (text) => void said.push(text), color: false, width: 80 },
    signal: new AbortController().signal,
    stdin: Readable.from([]),
  });
  return { code, said: said.join('\n') };
}

it.each(['get abn -o xml', 'explain x -o table', 'version -o yaml', 'plugins list -o yaml', 'analyze goroutines - -o text'])(
  'refuses a format that it does not have: kdr %s',
  async (line) => expect(await exits(line)).toMatchObject({ code: 2, said: expect.stringContaining('Allowed choices are') as string }),
);

it('exits 2 for a wrong word behind a command of two words, too', async () => {
  expect((await exits('plugins bogus')).code).toBe(2);
});

it('says that an empty kubeconfig can’t be used', async () => {
  expect(await exits('get abn')).toMatchObject({ code: 2, said: expect.stringContaining('KDR_CLI_USAGE') as string });
});
