import { expect, test } from 'vitest';
import { redactedArgv } from './argv.ts';

const argvOf = (...argv: string[]) => redactedArgv({ argv, truncated: false }).argv;

test('takes secrets out of the arguments in every usual shape', () => {
  expect(argvOf('db', '--password', 'hunter2', '-v')).toEqual(['db', '--password', '<redacted>', '-v']);
  expect(argvOf('db', '--api-key=abc', '--port=5')).toEqual(['db', '--api-key=<redacted>', '--port=5']);
  expect(argvOf('env', 'DB_PASSWORD=hunter2', 'HOME=/x')).toEqual(['env', 'DB_PASSWORD=<redacted>', 'HOME=/x']);
  expect(argvOf('curl', '-H', 'Authorization: Bearer abc.def')).toEqual(['curl', '-H', 'Authorization: <redacted>']);
  expect(argvOf('x', '{"user":"u","secretToken": "t t","n":1}')).toEqual(['x', '{"user":"u","secretToken": <redacted>,"n":1}']);
  expect(argvOf('psql', 'postgres://u:hunter2@h/db')).toEqual(['psql', 'postgres://u:<redacted>@h/db']);
});

test('keeps ordinary arguments as they are', () => {
  const argv = ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'k8s.io', '-id', 'abc', '-address', '/run/containerd/containerd.sock'];
  expect(argvOf(...argv)).toEqual(argv);
});

test('bounds their number and length', () => {
  const { argv, argvCut } = redactedArgv({ argv: Array.from({ length: 100 }, () => 'x'.repeat(1000)), truncated: false });
  expect(argvCut).toBe(true);
  expect(argv).toHaveLength(64);
  expect(argv[0]).toHaveLength(512);
});
