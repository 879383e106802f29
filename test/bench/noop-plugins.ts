// A process with plugins that do nothing but answer: what the pipeline costs without them.
import { defineDiagnoser, defineRecoverer, serve } from '@kdr/plugin-sdk';

const diagnoser = defineDiagnoser({
  name: 'noop-diagnoser',
  version: '1.0.0',
  match: { faults: ['BenchNoop'] },
  concurrency: 64,
  diagnose: ({ purpose, abnormal }) =>
    Promise.resolve(
      purpose === 'Verify'
        ? { outcome: 'NotIdentified' as const, reason: 'gone' }
        : {
            outcome: 'Identified' as const,
            cause: 'BenchNoop',
            title: 'nothing is wrong',
            severity: 'info' as const,
            confidence: 'high' as const,
            evidence: [{ title: 'none' }],
            // Distinct targets: no two Abnormals wait for each other.
            target: { kind: 'Container' as const, container: { runtime: 'containerd', id: abnormal.spec.containerReference?.id ?? '' } },
            recommendation: [],
          },
    ),
});

const recoverer = defineRecoverer({
  name: 'noop-recoverer',
  version: '1.0.0',
  match: { faults: ['BenchNoop'] },
  concurrency: 64,
  plan: () => Promise.resolve({ outcome: 'Planned' as const, actions: [{ action: 'Nothing', description: 'does nothing' }] }),
  act: () => Promise.resolve({ outcome: 'Acted' as const, actions: [{ action: 'Nothing', description: 'did nothing' }] }),
});

await serve(diagnoser, recoverer);
