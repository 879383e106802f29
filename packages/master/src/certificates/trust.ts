import { type Registration, RESOURCES } from '@kdr/api-types';
import {
  type ApiClient,
  ApiError,
  type KubernetesObject,
  type Logger,
  validatingWebhookConfigurationType as type,
} from '@kdr/controller-runtime';
import { CA_LABEL } from './certificate-settings.ts';

/** admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration: the part that is read here. */
export interface WebhookConfiguration extends KubernetesObject {
  webhooks?: { name: string; clientConfig: { caBundle?: string } }[];
}

/** With one of these annotations cert-manager's CA injector writes the caBundle (cert-manager.io/docs/concepts/ca-injector). */
const INJECTED = ['cert-manager.io/inject-ca-from', 'cert-manager.io/inject-ca-from-secret', 'cert-manager.io/inject-apiserver-ca'];

/** Whether cert-manager looks after the webhook's certificates. */
export function isInjected(configuration: WebhookConfiguration | undefined): boolean {
  return INJECTED.some((annotation) => configuration?.metadata?.annotations?.[annotation] !== undefined);
}

/** The configuration of that name; undefined: there is none, or the server does not serve any. */
export async function readConfiguration(client: ApiClient, name: string): Promise<WebhookConfiguration | undefined> {
  try {
    return await client.get<WebhookConfiguration>(type, { name });
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

/** Whether each of its webhooks trusts exactly this bundle. */
export function configurationTrusts(configuration: WebhookConfiguration | undefined, bundle: string): boolean {
  const encoded = Buffer.from(bundle).toString('base64');
  return configuration?.webhooks?.every(({ clientConfig }) => clientConfig.caBundle === encoded) ?? true;
}

/** Writes the bundle where another one stands. @throws ApiError where the configuration has changed meanwhile. */
export async function trustInConfiguration(
  client: ApiClient,
  configuration: WebhookConfiguration,
  bundle: string,
  logger: Logger,
): Promise<void> {
  if (configurationTrusts(configuration, bundle)) return;
  const { name = '', resourceVersion } = configuration.metadata ?? {};
  const value = Buffer.from(bundle).toString('base64');
  const writes = (configuration.webhooks ?? []).map((_, index) => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value }));
  await client.patch(type, { name }, [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }, ...writes], {
    type: 'json',
  });
  logger.info({ configuration: name }, 'the ValidatingWebhookConfiguration trusts the current authority');
}

/** Whether the registration asks for KDR's authority. */
export function wantsAuthority({ metadata, spec }: Registration): boolean {
  return metadata.labels?.[CA_LABEL] === 'kdr' && spec.endpoint.service !== undefined;
}

/** Writes the bundle into a registration that asks for it and has another one. */
export async function trustInRegistration(client: ApiClient, registration: Registration, bundle: string, logger: Logger): Promise<void> {
  if (!wantsAuthority(registration) || registration.spec.endpoint.service?.caBundle === bundle) return;
  const { name, resourceVersion } = registration.metadata;
  const resource = RESOURCES[registration.kind as 'InformationCollector' | 'Diagnoser' | 'Recoverer'];
  const body = { metadata: { resourceVersion }, spec: { endpoint: { service: { caBundle: bundle } } } };
  await client.patch(resource, { name }, body, { type: 'merge' });
  logger.info({ kind: registration.kind, registration: name }, 'the registration trusts the current authority');
}
