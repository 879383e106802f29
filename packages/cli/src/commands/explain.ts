import { type Abnormal, RESOURCES } from '@kdr/api-types';
import { type ApiClient, ApiError, type CoreEvent, eventType } from '@kdr/controller-runtime';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { explanation } from '../explanation.ts';
import type { TimelineEvent } from '../timeline.ts';
import { formatOption } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { type CliContext, type ConnectionFlags, connectionFlags, withSession } from '../session.ts';

/** The Events about one Abnormal; who may not see Events is told so, and gets the rest. */
export async function eventsOf(client: ApiClient, abnormal: Abnormal, out: Output): Promise<TimelineEvent[]> {
  const selection = { namespace: abnormal.metadata.namespace, fieldSelector: `involvedObject.uid=${abnormal.metadata.uid}` };
  const list = await client.list<CoreEvent>(eventType, selection).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    out.note(`Without Events: ${error.message}`);
    return { items: [] };
  });
  return list.items.map((event) => ({
    time: event.lastTimestamp ?? event.metadata?.creationTimestamp ?? '',
    reason: event.reason ?? '',
    message: event.message ?? '',
  }));
}

/** `kdr explain NAME`: what it is, what proves it, each gate with its inputs, what was done, what to do next. */
export function registerExplain(program: Command, context: CliContext): void {
  connectionFlags(
    program
      .command('explain')
      .description('Explain an Abnormal: timeline, evidence, each gate, what was done, what to do next')
      .argument('<name>', 'Abnormal'),
  )
    .addOption(formatOption(['json', 'yaml'], 'the object and its Events'))
    .action((name: string, flags: ConnectionFlags & { output?: string }) =>
      withSession(context, flags, async ({ client, namespace }) => {
        const abnormal = await client.get<Abnormal>(RESOURCES.Abnormal, { namespace, name });
        const events = await eventsOf(client, abnormal, context.out);
        if (flags.output === 'json') context.out.print(JSON.stringify({ abnormal, events }, undefined, 2));
        else if (flags.output === 'yaml') context.out.print(stringify({ abnormal, events }).trimEnd());
        else context.out.print(explanation(abnormal, events));
      }),
    );
}
