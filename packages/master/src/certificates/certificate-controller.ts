import type { X509Certificate } from 'node:crypto';
import type { Registration } from '@kdr/api-types';
import { type ApiClient, type Controller, type Informer, type Logger, createController } from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';
import { type Authority, type SecretTexts, nextLook, planAuthority, renewalReason } from './certificate-plan.ts';
import type { CertificateSettings } from './certificate-settings.ts';
import { makeAuthority, makeServing, serviceNames } from './key-pair.ts';
import { readCertificates, writeCertificates } from './pem.ts';
import { type Secret, readSecret, textsOf, writeSecret } from './secret-texts.ts';
import {
  type WebhookConfiguration,
  configurationTrusts,
  isInjected,
  readConfiguration,
  trustInConfiguration,
  trustInRegistration,
  wantsAuthority,
} from './trust.ts';

/** The one key of the queue: everything is looked at together, since all of it hangs on one authority. */
const KEY = 'certificates';
/** However far the next renewal is: somebody may have changed what nobody tells of. */
const LOOK_MS = 3_600_000;

/**
 * Keeps the authority and the serving certificates in their Secrets, and makes everybody trust them: the ValidatingWebhookConfiguration, and
 * registrations with CA_LABEL. The order makes each step safe: a new authority is trusted everywhere, beside its predecessor, before it signs.
 * Where cert-manager looks after the webhook, Secrets and configuration are left alone, and registrations get what its Secret says.
 */
export function createCertificateController(deps: {
  client: ApiClient;
  settings: CertificateSettings;
  /** Each change of one of them is a reason to look. */
  secrets: readonly Informer<Secret>[];
  configurations: Informer<WebhookConfiguration> | undefined;
  registrations: readonly Informer<Registration>[];
  logger: Logger;
  metrics?: Registry;
  now?: () => number;
}): Controller {
  const { client, settings, secrets, configurations, registrations, now = Date.now } = deps;
  const { namespace, webhook, plugins } = settings;
  const at = { namespace, name: settings.secret };
  const logger = deps.logger.child({ component: 'certificates' });
  const labelled = (): Registration[] => registrations.flatMap((informer) => informer.list().filter(wantsAuthority));

  const authorityOf = async (texts: SecretTexts): Promise<{ authority: Authority; change: SecretTexts }> => {
    const plan = planAuthority(texts, now());
    if ('authority' in plan) return { authority: plan.authority, change: {} };
    logger.info({ secret: at.name, reason: plan.make }, 'a new certificate authority is made');
    const made = await makeAuthority(now());
    const [certificate] = readCertificates(made.certificate) as [X509Certificate];
    const bundle = [certificate, ...plan.keep];
    return {
      authority: { certificate, key: made.key, bundle },
      change: { 'ca.crt': writeCertificates(bundle), 'ca.key': made.key },
    };
  };
  const servingOf = async (
    secret: string,
    texts: SecretTexts,
    authority: Authority,
    service: string,
    trusted: boolean,
  ): Promise<SecretTexts> => {
    const names = serviceNames(service, namespace);
    const reason = renewalReason(texts, authority, names, trusted, now());
    if (reason === undefined) return {};
    logger.info({ secret, service, reason }, 'a new serving certificate is made');
    const made = await makeServing(authority, names, now());
    return { 'tls.crt': made.certificate, 'tls.key': made.key };
  };
  const save = async (where: typeof at, read: Secret | undefined, change: SecretTexts): Promise<SecretTexts> => {
    if (Object.keys(change).length > 0) await writeSecret(client, where, read, change);
    return { ...textsOf(read), ...change };
  };

  const reconcile = async () => {
    const configuration = webhook && (await readConfiguration(client, webhook.configuration));
    const pluginsAt = plugins && { namespace, name: plugins.secret };
    const pluginSecret = pluginsAt && (await readSecret(client, pluginsAt));
    if (isInjected(configuration)) {
      const given = textsOf(pluginSecret)['ca.crt'];
      if (given !== undefined) for (const one of labelled()) await trustInRegistration(client, one, given, logger);
      return { requeueAfterMs: LOOK_MS };
    }
    const secret = await readSecret(client, at);
    const { authority, change } = await authorityOf(textsOf(secret));
    const bundle = writeCertificates(authority.bundle);
    const trusted =
      configurationTrusts(configuration, bundle) &&
      labelled().every((one) => one.spec.endpoint.service?.caBundle === bundle) &&
      (plugins === undefined || textsOf(pluginSecret)['ca.crt'] === bundle);
    const own = webhook && (await servingOf(at.name, { ...textsOf(secret), ...change }, authority, webhook.service, trusted));
    const texts = [await save(at, secret, { ...change, ...own })];
    if (configuration !== undefined) await trustInConfiguration(client, configuration, bundle, logger);
    if (plugins !== undefined && pluginsAt !== undefined) {
      const known = textsOf(pluginSecret);
      const served = await servingOf(plugins.secret, known, authority, plugins.service, trusted);
      texts.push(await save(pluginsAt, pluginSecret, { ...(known['ca.crt'] === bundle ? {} : { 'ca.crt': bundle }), ...served }));
    }
    for (const one of labelled()) await trustInRegistration(client, one, bundle, logger);
    const certificates = [authority.certificate, ...texts.flatMap((each) => readCertificates(each['tls.crt'] ?? '').slice(0, 1))];
    return { requeueAfterMs: Math.min(LOOK_MS, nextLook(certificates, authority, now())) };
  };

  const controller = createController({ name: KEY, workers: 1, logger: deps.logger, metrics: deps.metrics, reconcile });
  const look = (): void => controller.enqueue(KEY);
  for (const informer of secrets) informer.onChange(look);
  configurations?.onChange(look);
  for (const informer of registrations)
    informer.onChange(({ object }) => {
      if (wantsAuthority(object)) look();
    });
  look();
  return controller;
}
