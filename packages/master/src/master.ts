import {
  type Abnormal,
  type RecoveryApproval,
  type RecoveryHold,
  type RecoveryPolicy,
  type Registration,
  RESOURCES,
  type ReadyPlugin,
} from '@kdr/api-types';
import {
  type ApiClient,
  type Controller,
  type Informer,
  type KubernetesObject,
  type Lease,
  type Logger,
  type ResourceType,
  createEventRecorder,
  createInformer,
  leaseType,
  runTogether,
  secretType,
  validatingWebhookConfigurationType,
} from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';
import { createAgents } from './agents.ts';
import { createBindingController } from './binding/binding-controller.ts';
import { createCertificateController } from './certificates/certificate-controller.ts';
import type { CertificateSettings } from './certificates/certificate-settings.ts';
import type { Secret } from './certificates/secret-texts.ts';
import { type ServingCertificate, followServingCertificate, measureExpiry } from './certificates/serving-certificate.ts';
import type { WebhookConfiguration } from './certificates/trust.ts';
import { type Candidate, runLeadership } from './leadership/leadership.ts';
import { scopedInformer } from './leadership/scoped-informer.ts';
import { createLostAgentController } from './lost-agents/lost-agent-controller.ts';
import { DEFAULT_OPTIONS, type MasterOptions } from './options.ts';
import { createGateController } from './recovery-gate/gate-controller.ts';
import { createRegistrationController } from './registrations/registration-controller.ts';

/** What the master keeps of an Abnormal: what it decides from, and not the evidence. */
function withoutEvidence(abnormal: Abnormal): Abnormal {
  const { information: _information, diagnosisAttempts: _attempts, ...status } = abnormal.status ?? {};
  if (abnormal.status === undefined) return abnormal;
  return { ...abnormal, status: { ...status, diagnosis: status.diagnosis && { ...status.diagnosis, evidence: [] } } };
}

/** The master: decides whether an Abnormal may be repaired, where it is worked on, and what state the plugins are in. */
export interface Master {
  /** Works until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** True once every cache has been filled: also a master that stands by is ready. */
  ready(): boolean;
  /** The registered plugins, as its caches know them: whether one of a kind and name exists. Undefined until they are filled. */
  registered(kind: ReadyPlugin['kind'], name: string): boolean | undefined;
  /** What the webhook serves; undefined where no certificates are made. */
  readonly certificate: ServingCertificate | undefined;
}

/** What a master needs from outside. */
export interface MasterContext {
  client: ApiClient;
  logger: Logger;
  registry?: Registry;
  options?: Partial<MasterOptions>;
  /** This process among several masters; left out: it is the only one. */
  candidate?: Candidate;
  /** Certificates to make and renew; left out: none. */
  certificates?: CertificateSettings;
  /** Token for plugins behind a Service. */
  pluginToken?: () => string | Promise<string>;
}

const KINDS: ReadyPlugin['kind'][] = ['InformationCollector', 'Diagnoser', 'Recoverer'];

/**
 * Composes the master of its controllers. The caches are filled on every replica, so that a new leader begins at once; the controllers live
 * for one term, and nothing that they keep in memory decides: the ledger is read from the API. It writes nothing before its caches are filled.
 */
export function createMaster(context: MasterContext): Master {
  const { client, logger, registry: metrics, candidate, certificates: settings, pluginToken } = context;
  const options = { ...DEFAULT_OPTIONS, ...context.options };
  const { namespace } = options;
  const inform = <T extends KubernetesObject>(
    type: ResourceType,
    more: { namespace?: string; fieldSelector?: string; transform?: (object: T) => T } = {},
  ) => createInformer<T>({ client, type, logger, metrics, ...more });

  const abnormals = inform<Abnormal>(RESOURCES.Abnormal, { transform: withoutEvidence });
  const policies = inform<RecoveryPolicy>(RESOURCES.RecoveryPolicy);
  const holds = inform<RecoveryHold>(RESOURCES.RecoveryHold);
  const approvals = inform<RecoveryApproval>(RESOURCES.RecoveryApproval);
  approvals.addIndex('abnormal', (approval) => [`${approval.metadata.namespace}/${approval.spec.abnormal}`]);
  const leases = inform<Lease>(leaseType, { namespace });
  const registrations = KINDS.map((kind) => ({ kind, informer: inform<Registration>(RESOURCES[kind]) }));
  const informers = [abnormals, policies, holds, approvals, leases, ...registrations.map((one) => one.informer)];
  const certificates = settings && certificateCaches(settings, inform, logger, metrics);
  const agents = createAgents(leases, namespace, options.agentStaleMs);
  const events = createEventRecorder({ client, component: 'kdr-master', logger, metrics });

  const controllersOf = (writer: ApiClient, signal: AbortSignal): Controller[] => {
    const of = <T extends KubernetesObject>(informer: Informer<T>) => scopedInformer(informer, signal);
    const plugins = registrations.map(({ kind, informer }) => ({ kind, registrations: of(informer) }));
    const shared = { client: writer, abnormals: of(abnormals), agents, events, options, logger, metrics };
    return [
      createBindingController(shared),
      createGateController({ ...shared, policies: of(policies), holds: of(holds), approvals: of(approvals) }),
      createLostAgentController(shared),
      ...plugins.map((one) => createRegistrationController({ ...shared, ...one, leases: of(leases), pluginToken })),
      ...(settings === undefined || certificates === undefined
        ? []
        : [
            createCertificateController({
              ...shared,
              settings,
              secrets: certificates.secrets.map((informer) => of(informer)),
              configurations: certificates.configurations && of(certificates.configurations),
              registrations: plugins.map((one) => one.registrations),
            }),
          ]),
    ];
  };
  // A decision on a half-filled cache (a hold not seen yet, say) would be a wrong one.
  const term = async (writer: ApiClient, signal: AbortSignal): Promise<void> => {
    const aborted = new Promise<void>((resolve) =>
      signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    const synced = await Promise.race([
      aborted,
      Promise.all(informers.map((informer) => informer.synced)).catch((error: unknown) => error),
    ]);
    if (signal.aborted) return;
    if (synced instanceof Error) throw synced;
    await Promise.all(controllersOf(writer, signal).map((controller) => controller.run(signal)));
  };

  return {
    certificate: certificates?.serving,
    ready: () => informers.every((informer) => informer.hasSynced),
    registered: (kind, name) => {
      const informer = registrations.find((one) => one.kind === kind)?.informer;
      return informer?.hasSynced ? informer.get(name) !== undefined : undefined;
    },
    run: async (signal) => {
      const leadership = (stop: AbortSignal) => runLeadership({ client, namespace, candidate, logger, metrics }, term, stop);
      // The Secrets' caches are no condition of a decision: a master that may not read them still gates repairs.
      await runTogether([...informers, ...(certificates?.informers ?? []), { name: 'leadership', run: leadership }], signal);
      await events.flush();
    },
  };
}

type Inform = <T extends KubernetesObject>(type: ResourceType, more?: { namespace?: string; fieldSelector?: string }) => Informer<T>;

/** Each Secret, and the webhook's configuration, by its name: the master's role allows no others. */
function certificateCaches(settings: CertificateSettings, inform: Inform, logger: Logger, metrics: Registry | undefined) {
  const { namespace, secret, webhook, plugins } = settings;
  const named = (name: string) => inform<Secret>(secretType, { namespace, fieldSelector: `metadata.name=${name}` });
  const own = named(secret);
  measureExpiry(own, { 'ca.crt': 'authority', ...(webhook && { 'tls.crt': 'webhook' }) }, metrics);
  const others = plugins === undefined ? [] : [named(plugins.secret)];
  for (const informer of others) measureExpiry(informer, { 'tls.crt': 'plugins' }, metrics);
  const configurations =
    webhook &&
    inform<WebhookConfiguration>(validatingWebhookConfigurationType, { fieldSelector: `metadata.name=${webhook.configuration}` });
  const secrets = [own, ...others];
  return {
    secrets,
    configurations,
    informers: [...secrets, ...(configurations === undefined ? [] : [configurations])],
    serving: webhook && followServingCertificate(own, logger),
  };
}
