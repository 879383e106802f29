import { GROUP, VERSION } from '../group.ts';
import type { PolicyUsers } from './policy.ts';

type Json = Record<string, unknown>;

/** What {@link validatingWebhookConfiguration} is made of. */
export interface WebhookConfigurationOptions {
  /** KDR_WEBHOOK_NAME of the master. */
  name: string;
  /** The master's Service. */
  service: { namespace: string; name: string; port?: number };
  /** KDR's own components, whose requests never go through the webhook: without a master, faults can still be reported. */
  users: PolicyUsers;
}

/**
 * The ValidatingWebhookConfiguration of the master's webhook, without caBundle: the master writes that. Its rules name KDR's kinds alone, no
 * subresource and no DELETE, so whatever happens to the master blocks nothing else. Two webhooks: what anybody may create, and what
 * administrators configure.
 */
export function validatingWebhookConfiguration({ name, service, users }: WebhookConfigurationOptions): Json {
  const webhook = (what: string, rules: [operations: string[], resources: string[]][]): Json => ({
    name: `${what}.${GROUP}`,
    clientConfig: { service: { ...service, port: service.port ?? 443, path: '/validate' } },
    rules: rules.map(([operations, resources]) => ({ apiGroups: [GROUP], apiVersions: [VERSION], operations, resources, scope: '*' })),
    matchConditions: [
      {
        name: 'not-kdr-itself',
        expression: `!(request.userInfo.username in [${Object.values(users)
          .map((user) => `'${user}'`)
          .join(', ')}])`,
      },
    ],
    matchPolicy: 'Equivalent',
    failurePolicy: 'Fail',
    sideEffects: 'None',
    timeoutSeconds: 5,
    admissionReviewVersions: ['v1'],
  });
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      webhook('faults', [[['CREATE'], ['abnormals', 'recoveryapprovals']]]),
      webhook('configuration', [
        [
          ['CREATE', 'UPDATE'],
          ['informationcollectors', 'diagnosers', 'recoverers', 'abnormalsources', 'recoverypolicies', 'recoveryholds'],
        ],
      ]),
    ],
  };
}
