import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { ControlPlane } from '../cluster/index.ts';
import { startAdmissionPlane } from './admission-plane.ts';
import { type PolicedServer, startPolicedServer } from './policed-server.ts';
import { refusesInvalid } from './refuses-invalid.ts';

describe('the embedded API server', () => {
  let server: PolicedServer;
  let kubeconfig: string;
  beforeAll(async () => {
    server = await startPolicedServer();
    kubeconfig = join(server.directory, 'kubeconfig');
    writeFileSync(kubeconfig, server.kubeconfig, { mode: 0o600 });
  });
  afterAll(() => server.stop());
  refusesInvalid(() => kubeconfig);
});

describe('a real API server, without the webhook', () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startAdmissionPlane();
  }, 1_800_000);
  afterAll(() => plane?.stop(), 60_000);
  refusesInvalid(() => plane.kubeconfig);
});
