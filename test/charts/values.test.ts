import { expect, it, vi } from 'vitest';
import { template } from './rendering.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const good = { image: { tag: '1.0.0' } };

it.each<[chart: string, values: object, says: string]>([
  ['kdr', { recoveryPolicy: { mode: 'Auto' } }, "at '/recoveryPolicy/mode': value must be one of 'Observe', 'Approve'"],
  ['kdr', { recovery: { enable: false } }, "at '/recovery': additional properties 'enable' not allowed"],
  ['kdr', { recovery: { enabled: 'no' } }, "at '/recovery/enabled': got string, want boolean"],
  ['kdr', { logLevel: 'verbose' }, "at '/logLevel': value must be one of"],
  ['kdr', { webhook: { timeoutSeconds: 60 } }, "at '/webhook/timeoutSeconds': maximum: got 60, want 30"],
  ['kdr', { master: { replicas: 0 } }, "at '/master/replicas': minimum: got 0, want 1"],
  ['kdr', { master: { resources: { limits: { memory: 'lots' } } } }, "at '/master/resources/limits/memory': 'lots' does not match pattern"],
  ['kdr', { agent: { options: { worker: 3 } } }, "at '/agent/options': additional properties 'worker' not allowed"],
  ['kdr', { agent: { stateHostPath: 'var/lib' } }, "at '/agent/stateHostPath': 'var/lib' does not match pattern"],
  ['kdr', { agent: { capabilities: ['cap_kill'] } }, "at '/agent/capabilities/0'"],
  ['kdr', { agent: { extraPlugins: [{ name: 'x', image: 'x:1' }] } }, "at '/agent/extraPlugins/0': missing property 'kind'"],
  ['kdr', { agent: { extraPlugins: [{ name: 'X', kind: 'Diagnoser', image: 'x:1' }] } }, "at '/agent/extraPlugins/0/name'"],
  [
    'kdr',
    { agent: { extraPlugins: [{ name: 'x', kind: 'Diagnoser', image: 'x:1', registration: { priority: -1 } }] } },
    "at '/agent/extraPlugins/0/registration/priority': minimum: got -1, want 0",
  ],
  ['kdr', { agent: { extraPlugins: [{ name: 'process', kind: 'Diagnoser', image: 'x:1' }] } }, 'process is the name of another plugin'],
  [
    'kdr',
    { registrations: { proces: { enabled: false } } },
    'registrations.proces: there is no such reference plugin; there are container',
  ],
  ['kdr', { sources: { 'pod-terminating': { slackSeconds: -1 } } }, "at '/sources/pod-terminating/slackSeconds'"],
  ['kdr', { image: { tag: 'latest' } }, 'must be pinned'],
  ['kdr', { image: { pullPolicy: 'Sometimes' } }, "at '/image/pullPolicy'"],
  ['kdr', { master: { image: { digest: 'sha256:abc' } } }, "at '/master/image/digest'"],
  ['kdr', { master: { pdb: { minAvailable: 2 } } }, 'master.pdb.minAvailable must be less than master.replicas'],
  ['kdr', { webhook: { enabled: false, certManager: { enabled: true } } }, 'webhook.certManager.enabled needs webhook.enabled'],
  ['kdr-plugin', {}, 'image.tag or image.digest is required'],
  ['kdr-plugin', { ...good, mode: 'sidecar' }, "at '/mode': value must be one of 'service', 'daemonset'"],
  ['kdr-plugin', { ...good, kind: 'Collector' }, "at '/kind'"],
  ['kdr-plugin', { ...good, registration: { match: { faults: 'X' } } }, "at '/registration/match/faults': got string, want array"],
  ['kdr-plugin', { ...good, registration: { endpoint: {} } }, "at '/registration': additional properties 'endpoint' not allowed"],
  ['kdr-plugin', { ...good, tls: { source: 'existingSecret' } }, 'tls.existingSecret is required'],
  [
    'kdr-plugin',
    { ...good, tls: { source: 'existingSecret', existingSecret: 'x' } },
    'tls.caBundle is required with tls.source existingSecret',
  ],
  ['kdr-plugin', { ...good, tls: { source: 'certManager' } }, 'tls.issuerRef.name is required'],
  ['kdr-plugin', { ...good, kind: 'Recoverer' }, 'attemptsClaim is required'],
  ['kdr-plugin', { ...good, kind: 'Recoverer', attemptsClaim: 'x', replicas: 2 }, 'a Recoverer behind a Service runs once'],
])('%s refuses %j and says what is wrong', async (chart, values, says) => {
  const { code, stderr } = await template(chart, { values });
  expect(stderr).toContain(says);
  expect(code).not.toBe(0);
});
