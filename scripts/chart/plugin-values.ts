import * as s from './json-schema.ts';
import { LogLevels, RECOVERER_SPEC } from './registration-shape.ts';

/** Shape of charts/kdr-plugin/values.yaml. */
export const PLUGIN_VALUES: s.Schema = s.section({
  ...s.workload,
  // The name goes into a socket's path: 107 bytes in all (unix(7)).
  name: { ...s.text('^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$'), maxLength: 48 },
  kind: s.oneOf('InformationCollector', 'Diagnoser', 'Recoverer'),
  mode: s.oneOf('service', 'daemonset'),
  image: s.section({
    registry: s.text(),
    repository: s.text('^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$'),
    tag: s.text('^(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$'),
    digest: s.text('^(?:sha256:[0-9a-f]{64})?$'),
    pullPolicy: s.oneOf('IfNotPresent', 'Always', 'Never'),
    pullSecrets: s.list(s.section({ name: s.text() })),
  }),
  command: s.list(s.text()),
  args: s.list(s.text()),
  logLevel: LogLevels,
  registration: RECOVERER_SPEC,
  kdrNamespace: s.text('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$'),
  replicas: s.int(1, 9),
  port: s.int(1024, 65_535),
  tls: s.section({
    source: s.oneOf('generated', 'certManager', 'existingSecret'),
    validDays: s.int(1, 36_500),
    renew: s.yesNo,
    existingSecret: s.text(),
    caBundle: s.text(),
    issuerRef: s.section({ name: s.text(), kind: s.text(), group: s.text() }),
  }),
  authorize: s.yesNo,
  attemptsClaim: s.text(),
  socketHostPath: { ...s.text('^/.*[^/]$'), maxLength: 200 },
  hostPID: s.yesNo,
  podSecurityContext: s.free,
  securityContext: s.free,
  networkPolicy: s.section({ enabled: s.yesNo, extraEgress: s.list(s.free) }),
  serviceAccountAnnotations: s.words,
});
