import { LogLevels, MATCH, RECOVERER_SPEC } from './registration-shape.ts';
import { DEFAULTS } from '../../packages/agent/src/options.ts';
import * as s from './json-schema.ts';

const componentImage = s.image;
const resourceName = '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$';

/** What stands in `agent.options`: each of the agent's own options, and nothing else. */
const agentOptions = s.section(
  Object.fromEntries(
    Object.entries(DEFAULTS)
      .filter(([name]) => name !== 'selectBy')
      .map(([name]) => [name, { type: 'number', minimum: 0 }]),
  ),
);

/** The name goes into a socket's path: 107 bytes in all (unix(7)). */
const sidecar = {
  ...s.section({
    name: { ...s.text(resourceName), maxLength: 48 },
    kind: s.oneOf('InformationCollector', 'Diagnoser', 'Recoverer'),
    image: s.text('^\\S+$'),
    imagePullPolicy: s.oneOf('IfNotPresent', 'Always', 'Never'),
    registration: RECOVERER_SPEC,
    command: s.list(s.text()),
    args: s.list(s.text()),
    env: s.environment,
    resources: s.resources,
    securityContext: s.free,
    volumeMounts: s.list(s.free),
  }),
  required: ['name', 'kind', 'image'],
};

/** Shape of charts/kdr/values.yaml. */
export const KDR_VALUES: s.Schema = s.section({
  global: s.section({ imageRegistry: s.text(), imagePullSecrets: s.list(s.section({ name: s.text() })) }),
  image: s.section({ registry: s.text(), tag: s.text(), pullPolicy: s.oneOf('IfNotPresent', 'Always', 'Never') }),
  logLevel: LogLevels,
  crds: s.section({ install: s.yesNo, keep: s.yesNo, selectableFields: s.oneOf('auto', 'always', 'never') }),
  recovery: s.section({ enabled: s.yesNo }),
  recoveryPolicy: s.section({ create: s.yesNo, mode: s.oneOf('Observe', 'Approve'), intrusiveDiagnosis: s.oneOf('Allow', 'Deny') }),
  admissionPolicies: s.section({ enabled: s.yesNo }),
  webhook: s.section({
    enabled: s.yesNo,
    failurePolicy: s.oneOf('Fail', 'Ignore'),
    timeoutSeconds: s.int(1, 30),
    port: s.int(1024, 65_535),
    certManager: s.section({ enabled: s.yesNo, issuerRef: s.section({ name: s.text(), kind: s.text(), group: s.text() }) }),
  }),
  rbac: s.section({ create: s.yesNo, aggregateToView: s.yesNo, aggregateToEdit: s.yesNo }),
  networkPolicy: s.section({ enabled: s.yesNo, apiServerPorts: s.list(s.port), metricsFrom: s.list(s.free), extraEgress: s.list(s.free) }),
  monitoring: s.section({
    podMonitor: s.section({ enabled: s.yesNo, interval: s.text('^([0-9]+(ms|s|m|h))+$'), labels: s.words }),
    prometheusRule: s.section({ enabled: s.yesNo, labels: s.words }),
  }),
  registrations: s.mapOf(
    s.section({
      enabled: s.yesNo,
      priority: s.int(0, 1_000_000),
      match: MATCH,
      timeoutSeconds: s.int(1, 300),
      concurrency: s.int(1, 64),
      parameters: s.free,
    }),
  ),
  sources: s.section({
    'pod-terminating': s.section({
      enabled: s.yesNo,
      slackSeconds: s.int(0, 86_400),
      againSeconds: s.int(0, 86_400),
      episodes: s.int(0, 1000),
      nodeStaleSeconds: s.int(0, 86_400),
    }),
    'unreaped-children': s.section({
      enabled: s.yesNo,
      thresholdSeconds: s.int(0, 86_400),
      intervalSeconds: { type: 'number', minimum: 0.1, maximum: 86_400 },
      quietSeconds: s.int(0, 86_400),
    }),
  }),
  master: s.section({
    ...s.workload,
    image: componentImage,
    replicas: s.int(1, 9),
    probePort: s.int(1024, 65_535),
    pdb: s.section({ enabled: s.yesNo, minAvailable: s.int(1, 8) }),
    topologySpreadConstraints: s.list(s.free),
  }),
  agent: s.section({
    ...s.workload,
    image: componentImage,
    options: agentOptions,
    stateHostPath: s.text('^/.+[^/]$'),
    // The longest name of a plugin must fit into a socket's 107 bytes.
    socketHostPath: { ...s.text('^(/.*[^/])?$'), maxLength: 200 },
    extraPlugins: { ...s.list(sidecar), maxItems: 32 },
    probePort: s.int(1024, 65_535),
    capabilities: s.capabilities,
    appArmorProfile: s.section({ type: s.oneOf('Unconfined', 'RuntimeDefault', 'Localhost'), localhostProfile: s.text() }),
    priorityClassQuota: s.yesNo,
    maxUnavailable: { type: ['integer', 'string'], pattern: '^[0-9]+%?$', minimum: 1 },
    nodeOptions: s.text(),
  }),
  plugins: s.section({
    image: componentImage,
    resources: s.resources,
    capabilities: s.capabilities,
    recoveryCapabilities: s.capabilities,
    journal: s.section({ enabled: s.yesNo, hostPath: s.path, directory: s.text('^[^/]*$') }),
    extraEnv: s.environment,
  }),
  nodeSources: s.section({ resources: s.resources, extraEnv: s.environment }),
  clusterPlugins: s.section({ ...s.workload, enabled: s.yesNo, replicas: s.int(1, 9), port: s.int(1024, 65_000) }),
  clusterSources: s.section(s.workload),
  tests: s.section({ enabled: s.yesNo, wait: s.text('^[0-9]+(s|m)$') }),
});
