import { X509Certificate } from 'node:crypto';
import { GROUP } from '@kdr/api-types';
import type { ResourceType } from '@kdr/controller-runtime';
import { type Check, failed, off, ok } from './check.ts';
import type { Seen } from './reader.ts';

/** admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration. */
export const WEBHOOK: ResourceType = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};

/** A configuration, as far as it is looked at. */
export interface WebhookConfiguration {
  webhooks?: {
    name: string;
    failurePolicy?: string;
    clientConfig: { caBundle?: string };
    rules?: { apiGroups?: string[] }[];
  }[];
}

/** The webhook, where there is one, is trusted by the API server and asked about KDR's own kinds only. */
export function checkWebhook(name: string, seen: Seen<WebhookConfiguration>, now: number): Check {
  if (seen.state === 'absent')
    return off('webhook', `off: there is no ValidatingWebhookConfiguration "${name}"; schemas and policies hold without it`);
  if (seen.state === 'denied') return failed('webhook', seen.message, 'give this user the right to get it (docs/cli.md)');
  const webhooks = seen.value.webhooks ?? [];
  for (const webhook of webhooks) {
    const foreign = (webhook.rules ?? []).flatMap((rule) => rule.apiGroups ?? []).find((group) => group !== GROUP);
    if (foreign !== undefined)
      return failed(
        'webhook',
        `${webhook.name} has a rule for the API group "${foreign}": it could block others`,
        `remove that rule from ${name}`,
      );
    const why = authorityProblem(webhook.clientConfig.caBundle, now);
    if (why !== undefined)
      return failed('webhook', `${webhook.name} ${why}`, 'the leading master fills it in: look at the line "master" and at its log');
  }
  if (webhooks.length === 0) return failed('webhook', `${name} names no webhook`, 'install it anew: `helm upgrade` of the chart kdr');
  const ends = Math.min(...webhooks.map((one) => endOf(one.clientConfig.caBundle)));
  const failure = [...new Set(webhooks.map((one) => one.failurePolicy ?? 'Fail'))].join(', ');
  const until = new Date(ends).toISOString().slice(0, 10);
  return ok('webhook', `asked about ${GROUP} only; its authority is good until ${until}; failurePolicy ${failure}`);
}

function certificates(caBundle: string | undefined): X509Certificate[] {
  const text = Buffer.from(caBundle ?? '', 'base64').toString('utf8');
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem));
}

/** The last of the authorities counts: during a rotation the old one is still there. */
function endOf(caBundle: string | undefined): number {
  return Math.max(...certificates(caBundle).map((one) => one.validToDate.getTime()));
}

function authorityProblem(caBundle: string | undefined, now: number): string | undefined {
  try {
    const found = certificates(caBundle);
    if (found.length === 0) return 'has no caBundle: the API server can’t call it';
    if (found.some((one) => one.validFromDate.getTime() <= now && now < one.validToDate.getTime())) return undefined;
    return `has an authority that is not valid now (until ${new Date(endOf(caBundle)).toISOString()})`;
  } catch (error) {
    return `has a caBundle that is no certificate (${(error as Error).message})`;
  }
}
