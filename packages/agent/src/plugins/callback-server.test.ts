import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KdrError } from '@kdr/api-types';
import { silentLogger } from '@kdr/controller-runtime';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Work } from '../abnormal/work.ts';
import { createCallbackServer } from './callback-server.ts';
import type { CallbackServer } from './callback-server.ts';
import { createCallbackTokens } from './callback-tokens.ts';
import type { RegisteredPlugin } from './registered-plugin.ts';

let directory: string;
let socket: string;
let server: CallbackServer;
let tokens: ReturnType<typeof createCallbackTokens>;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kdr-callback-'));
  socket = join(directory, 'agent.sock');
  tokens = createCallbackTokens(socket, 2);
  const handlers = {
    collect: (_: unknown, { collector }: { collector: string }) => {
      if (collector === 'absent') throw new KdrError('KDR_COLLECT_UNAVAILABLE', 'no collector absent');
      return Promise.resolve({ outcome: 'NotApplicable' as const, reason: collector });
    },
    diagnose: () => Promise.resolve({ outcome: 'NotIdentified' as const, reason: 'no' }),
  };
  server = createCallbackServer(socket, tokens, handlers, silentLogger());
  await server.start();
});
afterEach(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

const open = () => tokens.open({} as Work, { name: 'p' } as RegisteredPlugin, ['p']);
function ask(path: string, body: string, token?: string): Promise<{ status: number | undefined; code?: string; outcome?: string }> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const sent = request({ socketPath: socket, path, method: 'POST', headers }, (response) => {
      let text = '';
      response
        .on('data', (chunk) => (text += chunk))
        .on('end', () => resolve({ status: response.statusCode, ...(JSON.parse(text) as object) }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

it('answers the bearer of a token, on a socket that only its group may use', async () => {
  const { callback, close } = open();
  expect(await ask('/v1/collect', '{"collector":"x","parameters":{}}', callback.token)).toMatchObject({
    status: 200,
    outcome: 'NotApplicable',
  });
  expect(await ask('/v1/diagnose', '{"diagnoser":"x"}', callback.token)).toMatchObject({ status: 200, outcome: 'NotIdentified' });
  expect(statSync(socket).mode & 0o777).toBe(0o660);
  close();
});

it('refuses without a token, with a wrong one, and when its call has ended', async () => {
  const { callback, close } = open();
  close();
  for (const token of [undefined, 'wrong', callback.token]) {
    expect(await ask('/v1/diagnose', '{"diagnoser":"x"}', token)).toMatchObject({ status: 401, code: 'KDR_CALLBACK_DENIED' });
  }
});

it('refuses the third question of a call that may ask two', async () => {
  const { callback } = open();
  const asked = [];
  for (let n = 0; n < 3; n += 1) asked.push((await ask('/v1/diagnose', '{"diagnoser":"x"}', callback.token)).status);
  expect(asked).toEqual([200, 200, 429]);
});

it.each([
  ['/v1/collect', 'not json', 400, 'KDR_BAD_REQUEST'],
  ['/v1/collect', '{"collector":"No Name!","parameters":{}}', 400, 'KDR_BAD_REQUEST'],
  ['/v1/collect', `{"collector":"x","parameters":{"a":"${'x'.repeat(20_000)}"}}`, 413, 'KDR_REQUEST_TOO_LARGE'],
  ['/v1/collect', '{"collector":"absent","parameters":{}}', 404, 'KDR_COLLECT_UNAVAILABLE'],
  ['/v1/other', '{}', 404, 'KDR_NOT_FOUND'],
])('answers %s with %s by a coded problem', async (path, body, status, code) => {
  expect(await ask(path, body, open().callback.token)).toMatchObject({ status, code });
});
