import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer } from '../testing/api-client.ts';
import type { ApiClient, TestServer } from '../testing/api-client.ts';

let running: TestServer;
let admin: ApiClient;
beforeAll(async () => {
  running = await startTestServer();
  admin = running.admin;
});
afterAll(() => running.stop());

const configMaps = '/api/v1/namespaces/default/configmaps';
const json = { 'content-type': 'application/json' };

it.each<[string, string | Buffer, Record<string, string>, number]>([
  ['too many bytes', Buffer.alloc(3 * 1024 * 1024 + 1, 0x20), json, 413],
  ['text that is no JSON', '{"metadata":', json, 400],
  ['too much depth', '['.repeat(100_000), json, 400],
  ['depth that closes again', `{"data":${'['.repeat(300)}${']'.repeat(300)}}`, json, 400],
  ['a prototype', '{"metadata":{"name":"p"},"__proto__":{"polluted":true}}', json, 400],
  ['a prototype in disguise', '{"metadata":{"name":"p","\\u005f_proto__":{"polluted":true}}}', json, 400],
  ['compressed bytes', gzipSync('{"metadata":{"name":"z"}}'), { ...json, 'content-encoding': 'gzip' }, 415],
  ['YAML', 'metadata: {name: y}', { 'content-type': 'application/yaml' }, 415],
  ['a protobuf that is none', 'k8s\0\xff\xff\xff', { 'content-type': 'application/vnd.kubernetes.protobuf' }, 415],
  ['metadata that is none', '{"metadata":7}', json, 400],
])('refuses a body with %s', async (_title, body, headers, code) => {
  const answer = await admin.send('POST', configMaps, body, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
  expect([answer.code, answer.body.kind]).toEqual([code, 'Status']);
  expect(answer.body.message).not.toBe('');
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

it('takes strings that only look like brackets or prototypes', async () => {
  const data = { brackets: '['.repeat(1000) + '\\"' + '{'.repeat(1000), prototype: '__proto__' };
  const { code, body } = await admin.post(configMaps, { metadata: { name: 'looks' }, data });
  expect([code, body['data']]).toEqual([201, data]);
});

it.each([
  ['GET', '/api/v1/namespaces/default/unknowns', 404],
  ['GET', '/apis/none.example.com/v1/widgets', 404],
  ['GET', '/api/v1/namespaces/default/configmaps/a%2Fb', 404],
  ['GET', '/api/v1/namespaces/default/configmaps/%E0%A4%A', 404],
  ['GET', '/api/v1/namespaces/default/configmaps//', 404],
  ['GET', '/api/v1/namespaces/default/nodes', 404],
  ['GET', '/api/v1/namespaces/default/configmaps/x/status', 404],
  ['GET', `/api/v1/${'x'.repeat(3000)}`, 404],
  ['GET', '/openapi/v2', 404],
  ['POST', '/api/v1/configmaps', 405],
  ['POST', '/api/v1/namespaces/default/configmaps/x', 405],
  ['PUT', '/api/v1/namespaces/default/configmaps', 405],
  ['TRACE', '/api/v1/namespaces/default/configmaps', 405],
  ['POST', '/version', 405],
])('answers %s %s with %i', async (method, path, code) => {
  const answer = await admin.send(method, path, method === 'GET' || method === 'TRACE' ? undefined : {});
  expect([answer.code, answer.body.kind]).toEqual([code, 'Status']);
});

it('outlives a client that speaks no HTTP', async () => {
  const socket = connect({ port: running.server.port, host: '127.0.0.1', ca: running.server.ca });
  socket.on('error', () => {});
  socket.write('this is not HTTP\r\n\r\n');
  await new Promise((resolve) => socket.on('close', resolve).resume());
  expect((await admin.get('/readyz')).text).toBe('ok');
});

it('warns of unknown fields unless it is told to ignore them, and refuses them when told to be strict', async () => {
  const body = (name: string) => ({ metadata: { name }, colour: 'red' });
  const warned = await admin.post(configMaps, body('warned'));
  expect([warned.code, warned.headers['warning']]).toEqual([201, '299 - "unknown field \\"colour\\""']);
  expect(warned.body).not.toHaveProperty('colour');
  expect((await admin.post(`${configMaps}?fieldValidation=Ignore`, body('ignored'))).headers['warning']).toBeUndefined();
  const strict = await admin.post(`${configMaps}?fieldValidation=Strict`, body('strict'));
  expect([strict.code, strict.body.message]).toEqual([
    400,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "colour"',
  ]);
});
