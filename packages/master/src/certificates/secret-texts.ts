import { type ApiClient, ApiError, type KubernetesObject, secretType } from '@kdr/controller-runtime';
import type { SecretTexts } from './certificate-plan.ts';

/** core/v1 Secret: `data` in base64. */
export interface Secret extends KubernetesObject {
  type?: string;
  data?: Record<string, string>;
}

/** What a Secret says, decoded. A key without a value is left out. */
export function textsOf(secret: Secret | undefined): SecretTexts {
  const filled = Object.entries(secret?.data ?? {}).filter(([, value]) => value !== '');
  return Object.fromEntries(filled.map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}

/** Reads it fresh; undefined: there is none. */
export async function readSecret(client: ApiClient, at: { namespace: string; name: string }): Promise<Secret | undefined> {
  try {
    return await client.get<Secret>(secretType, at);
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

/**
 * Writes these keys of a Secret and leaves its others, its labels and its type alone; creates it where there is none.
 * @param read what the decision was made on: whoever wrote since then wins.
 * @throws ApiError Conflict or AlreadyExists then: read it again and decide again.
 */
export async function writeSecret(
  client: ApiClient,
  at: { namespace: string; name: string },
  read: Secret | undefined,
  texts: SecretTexts,
): Promise<void> {
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
  if (read === undefined) {
    const labels = { 'app.kubernetes.io/managed-by': 'kdr-master' };
    await client.create<Secret>(secretType, { apiVersion: 'v1', kind: 'Secret', metadata: { ...at, labels }, type: 'Opaque', data });
    return;
  }
  await client.patch(secretType, at, { metadata: { resourceVersion: read.metadata?.resourceVersion }, data }, { type: 'merge' });
}
