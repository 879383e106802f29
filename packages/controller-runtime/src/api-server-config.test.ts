import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inClusterConfig } from './api-server-config.ts';

describe('the in-cluster configuration', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'service-account-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('takes token and authority from the service account and the address from the environment', () => {
    writeFileSync(join(root, 'token'), 't');
    writeFileSync(join(root, 'ca.crt'), 'PEM');
    expect(inClusterConfig(root)).toEqual({
      server: 'https://kubernetes.default.svc',
      ca: 'PEM',
      caFile: join(root, 'ca.crt'),
      tokenFile: join(root, 'token'),
    });
    expect(inClusterConfig(root, { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }).server).toBe(
      'https://[fd00::1]:443',
    );
  });

  it('says what is missing outside of a cluster', () => {
    writeFileSync(join(root, 'token'), 't');
    expect(() => inClusterConfig(root)).toThrow(/ca\.crt missing/);
  });
});
