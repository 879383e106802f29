import type { Rendering } from './rendering.ts';

const sidecar = {
  name: 'disk-full',
  kind: 'Diagnoser',
  image: 'example/disk-full:1.0.0',
  registration: { priority: 150, match: { faults: ['DiskPressure'] } },
  env: [{ name: 'THRESHOLD', value: '0.9' }],
};

/** Ways to install charts/kdr that must all be whole. */
export const KDR_VARIANTS: Record<string, Rendering> = {
  'as it comes': {},
  'on a cluster that knows the kinds': { serves: ['kdr.dev/v1alpha1/Diagnoser', 'kdr.dev/v1alpha1/RecoveryPolicy'] },
  'without recovery': { values: { recovery: { enabled: false } } },
  'without webhook': { values: { webhook: { enabled: false } } },
  'without cluster plugins and sources': {
    values: {
      clusterPlugins: { enabled: false },
      webhook: { enabled: false },
      sources: { 'pod-terminating': { enabled: false }, 'unreaped-children': { enabled: false } },
    },
  },
  'with sidecars': {
    values: { agent: { extraPlugins: [sidecar, { ...sidecar, name: 'disk-clean', kind: 'Recoverer', registration: { level: 'node' } }] } },
  },
  'with sockets on the host': { values: { agent: { socketHostPath: '/run/kdr', stateHostPath: '/data/kdr' } } },
  'in another namespace under another name': { namespace: 'operations', release: 'watchdog' },
  'on Kubernetes 1.30': { kubeVersion: 'v1.30.0' },
  'with one master and everything optional off': {
    values: {
      master: { replicas: 1 },
      networkPolicy: { enabled: false },
      tests: { enabled: false },
      rbac: { aggregateToView: false },
      crds: { keep: false },
      recoveryPolicy: { create: false },
      plugins: { journal: { enabled: false } },
    },
  },
  'with everything that can be set': {
    values: {
      global: { imageRegistry: 'registry.example', imagePullSecrets: [{ name: 'pull' }] },
      image: { tag: '1.2.3' },
      agent: {
        options: { workers: 64, ttlSeconds: 3600 },
        affinity: { nodeAffinity: {} },
        extraEnv: [{ name: 'A', value: 'b' }],
        podAnnotations: { a: 'b' },
        podLabels: { team: 'sre' },
        priorityClassQuota: true,
      },
      registrations: { 'process-kill': { enabled: false }, 'containerd-shim-deadlock': { priority: 900, timeoutSeconds: 60 } },
      networkPolicy: { metricsFrom: [{ namespaceSelector: {} }], extraEgress: [{ ports: [{ port: 8443, protocol: 'TCP' }] }] },
      master: { serviceAccountAnnotations: { a: 'b' }, nodeSelector: { a: 'b' }, tolerations: [{ operator: 'Exists' }] },
    },
  },
};

/** Those that bring kinds of other people's operators, which a bare API server does not serve. */
export const OPERATOR_VARIANTS: Record<string, Rendering> = {
  'with cert-manager': { values: { webhook: { certManager: { enabled: true } } } },
  'with an issuer of one’s own': {
    values: { webhook: { certManager: { enabled: true, issuerRef: { name: 'ours', kind: 'ClusterIssuer' } } } },
  },
  'with monitoring': { values: { monitoring: { podMonitor: { enabled: true, labels: { a: 'b' } }, prometheusRule: { enabled: true } } } },
};

/** Ways to install charts/kdr-plugin. */
export const PLUGIN_VARIANTS: Record<string, Rendering> = {
  'behind a Service': { release: 'disk-full', values: { image: { tag: '1.0.0' } } },
  'with an authority of one’s own': {
    release: 'disk-full',
    values: { image: { tag: '1.0.0' }, tls: { source: 'existingSecret', existingSecret: 'mine', caBundle: 'PEM' } },
  },
  'on every node': { release: 'disk-full', values: { image: { tag: '1.0.0' }, mode: 'daemonset', hostPID: true } },
  'as a recoverer on every node': { release: 'clean', values: { image: { tag: '1.0.0' }, mode: 'daemonset', kind: 'Recoverer' } },
  'as a recoverer behind a Service': {
    release: 'clean',
    values: { image: { tag: '1.0.0' }, kind: 'Recoverer', attemptsClaim: 'attempts' },
  },
  'with everything': {
    release: 'disk-full',
    namespace: 'plugins',
    values: {
      name: 'other',
      image: { registry: 'registry.example/', repository: 'a/b', tag: '1.0.0', pullSecrets: [{ name: 'pull' }] },
      registration: { priority: 500, match: { faults: ['Disk*'] }, parameters: { threshold: 0.8 } },
      command: ['node'],
      args: ['/app/main.js'],
      podLabels: { a: 'b' },
      podAnnotations: { a: 'b' },
      extraEnv: [{ name: 'A', value: 'b' }],
      networkPolicy: { extraEgress: [{ ports: [{ port: 9090, protocol: 'TCP' }] }] },
    },
  },
};
