import { type Abnormal, type AbnormalSpec, API_VERSION, KdrError, RESOURCES, isTerminal } from '@kdr/api-types';
import { type ApiClient, type KubernetesObject, nodeType, podType } from '@kdr/controller-runtime';
import type { Command } from 'commander';
import { explanation } from '../explanation.ts';
import { type CliContext, type ConnectionFlags, connectionFlags, withSession } from '../session.ts';
import { eventsOf } from './explain.ts';

interface DiagnoseFlags extends ConnectionFlags {
  pid?: string;
  pod?: string;
  container?: string;
  node?: string;
  fault: string;
  diagnoser?: string[];
  wait: boolean;
  timeout: string;
}

type Target = Pick<AbnormalSpec, 'processReference' | 'podReference' | 'containerReference'>;

async function target(client: ApiClient, namespace: string, flags: DiagnoseFlags): Promise<Target> {
  if (flags.pid !== undefined) {
    const pid = Number(flags.pid);
    if (!Number.isInteger(pid) || pid < 2) throw new KdrError('KDR_CLI_USAGE', `--pid must be a process id above 1, not "${flags.pid}"`);
    return { processReference: { pid } };
  }
  if (flags.pod !== undefined) {
    const pod = await client.get<KubernetesObject>(podType, { namespace, name: flags.pod });
    return { podReference: { namespace, name: flags.pod, uid: pod.metadata?.uid } };
  }
  if (flags.container !== undefined) {
    const [runtime, id] = flags.container.includes('://') ? flags.container.split('://') : ['containerd', flags.container];
    if (runtime !== 'containerd' && runtime !== 'docker' && runtime !== 'cri-o')
      throw new KdrError('KDR_CLI_USAGE', `--container must be [containerd://|docker://|cri-o://]ID`);
    return { containerReference: { runtime, id: id ?? '' } };
  }
  throw new KdrError('KDR_CLI_USAGE', 'say what to look at: --pid, --pod or --container');
}

/** The only node, where there is just one. */
async function onlyNode(client: ApiClient): Promise<string> {
  const { items } = await client.list<KubernetesObject>(nodeType);
  if (items.length !== 1) throw new KdrError('KDR_CLI_USAGE', `there are ${items.length} nodes: name one with --node`);
  return items[0]?.metadata?.name ?? '';
}

async function waitForResult(client: ApiClient, abnormal: Abnormal, seconds: number, signal: AbortSignal): Promise<Abnormal> {
  const { namespace, name } = abnormal.metadata;
  const settled = (one: Abnormal) =>
    isTerminal(one.status?.phase) || (one.status?.recovery?.grant !== undefined && one.status.recovery.grant.decision !== 'Granted');
  const stop = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  const events = client.watch<Abnormal>(RESOURCES.Abnormal, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
    resourceVersion: abnormal.metadata.resourceVersion,
    signal: stop,
  });
  let last = abnormal;
  try {
    for await (const event of events) {
      if (event.type === 'BOOKMARK') continue;
      last = event.object as Abnormal;
      if (settled(last)) return last;
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  }
  return last;
}

/** `kdr diagnose --pid N`: a Custom Abnormal, waited for and explained. Whether anything is repaired is the policy's business, as always. */
export function registerDiagnose(program: Command, context: CliContext): void {
  connectionFlags(program.command('diagnose').description('Look at a process, pod or container now: creates an Abnormal, waits, explains'))
    .option('--pid <pid>', 'process on the node')
    .option('--pod <name>', 'pod in the namespace')
    .option('--container <id>', 'container: [containerd://|docker://|cri-o://]ID')
    .option('--node <name>', 'node; not needed where there is one')
    .option('--fault <word>', 'symptom; decides which diagnosers are asked', 'UnreapedChildren')
    .option('--diagnoser <name...>', 'ask just these, in this order')
    .option('--timeout <seconds>', 'how long to wait', '120')
    .option('--no-wait', 'print the name and do not wait')
    .action((flags: DiagnoseFlags) =>
      withSession(context, flags, async ({ client, namespace }) => {
        const what = await target(client, namespace, flags);
        const nodeName = flags.node ?? (what.podReference === undefined ? await onlyNode(client) : undefined);
        const made = await client.create<Abnormal>(RESOURCES.Abnormal, {
          apiVersion: API_VERSION,
          kind: 'Abnormal',
          metadata: { generateName: 'diagnose-', namespace } as Abnormal['metadata'],
          spec: { source: 'Custom', fault: flags.fault, nodeName, diagnosers: flags.diagnoser, ...what },
        });
        context.out.note(`abnormal.kdr.dev/${made.metadata.name} created; looking …`);
        if (!flags.wait) return context.out.print(made.metadata.name);
        const result = await waitForResult(client, made, Number(flags.timeout), context.signal);
        context.out.print(explanation(result, await eventsOf(client, result, context.out)));
        if (result.status?.diagnosis === undefined) process.exitCode = 1;
      }),
    );
}
