import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customResourceDefinitions } from '@kdr/api-types/crd';
import { type ApiClient, createApiClient, customResourceDefinitionType, namespaceType } from '@kdr/controller-runtime';
import { startApiServer } from '@kdr/embedded-apiserver';

/** An API server with KDR's kinds and namespace, and an administrator's client. */
export interface EmbeddedServer {
  client: ApiClient;
  stop(): Promise<void>;
}

export async function startEmbeddedServer(): Promise<EmbeddedServer> {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-master-'));
  const token = 'token-of-an-administrator-0123456789';
  const server = await startApiServer({ directory, identities: [{ token, user: { username: 'admin', groups: ['system:masters'] } }] });
  const client = createApiClient({ server: server.url, ca: server.ca, token });
  for (const crd of customResourceDefinitions()) await client.create(customResourceDefinitionType, crd);
  await client.create(namespaceType, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kdr-system' } });
  return {
    client,
    stop: async () => {
      await client.close();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Waits until something holds; fails with what it is called. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 20)))
    if (Date.now() > end) throw new Error(`It never came true that ${what}.`);
}
