import { type ObjectMeta, resourceOf } from '@kdr/api-types';
import { type ApiClient, type ListOptions, type ResourceType } from '@kdr/controller-runtime';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { findKind } from '../kind-names.ts';
import { formatOption } from '../output/format.ts';
import { columnsOf, rowOf } from '../output/kind-table.ts';
import { table } from '../output/table.ts';
import { type CliContext, connectionFlags, withSession } from '../session.ts';

interface GetFlags {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
  allNamespaces?: boolean;
  output?: string;
  watch?: boolean;
  selector?: string;
  fieldSelector?: string;
  headers: boolean;
}
interface Listed {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

async function fetch(client: ApiClient, type: ResourceType, names: string[], namespace: string | undefined, options: ListOptions) {
  if (names.length === 0) return client.list<Listed>(type, { ...options, namespace });
  const items = await Promise.all(names.map((name) => client.get<Listed>(type, { namespace, name })));
  return { items, metadata: {} as { resourceVersion?: string } };
}

/** `kdr get KIND [NAME…]`: kubectl's get for KDR's kinds, with kubectl's flags. */
export function registerGet(program: Command, context: CliContext): void {
  connectionFlags(
    program
      .command('get')
      .description('List KDR objects: kdr get abnormals, kdr get abn NAME -o yaml')
      .argument('<kind>', 'abnormals, plugins’ kinds, policies, holds, …')
      .argument('[names...]', 'names'),
  )
    .option('-A, --all-namespaces', 'all namespaces')
    .addOption(formatOption(['wide', 'json', 'yaml', 'name'], 'format'))
    .option('-w, --watch', 'go on with what changes')
    .option('-l, --selector <selector>', 'label selector')
    .option('--field-selector <selector>', 'field selector, e.g. status.phase=Failed')
    .option('--no-headers', 'without the header line')
    .action((word: string, names: string[], flags: GetFlags) =>
      withSession(context, flags, async ({ client, namespace }) => {
        const kind = findKind(word);
        const type = resourceOf(kind);
        const where = type.namespaced && flags.allNamespaces !== true ? namespace : undefined;
        const selection = { labelSelector: flags.selector, fieldSelector: flags.fieldSelector };
        const list = await fetch(client, type, names, where, selection);
        const whole = list.items.map((item) => ({ apiVersion: 'kdr.dev/v1alpha1', kind: kind.kind, ...item }));
        const shown = names.length === 1 ? whole[0] : { apiVersion: 'v1', kind: 'List', metadata: {}, items: whole };
        const columns = { wide: flags.output === 'wide', namespaces: type.namespaced && flags.allNamespaces === true };
        const line = (items: Listed[], header: boolean) =>
          table(
            columnsOf(kind, columns),
            items.map((item) => rowOf(kind, item, columns)),
            { header },
          );
        const formats: Record<string, () => void> = {
          json: () => context.out.print(JSON.stringify(shown, undefined, 2)),
          yaml: () => context.out.print(stringify(shown).trimEnd()),
          name: () => list.items.forEach((item) => context.out.print(`${kind.kind.toLowerCase()}.kdr.dev/${item.metadata.name}`)),
        };
        const format = formats[flags.output ?? ''];
        if (format !== undefined) format();
        else if (list.items.length > 0) context.out.print(line(list.items, flags.headers));
        else if (flags.watch !== true) context.out.note(`No resources found${where === undefined ? '' : ` in ${where} namespace`}.`);
        if (flags.watch !== true) return;
        const events = client.watch<Listed>(type, {
          namespace: where,
          ...selection,
          resourceVersion: list.metadata?.resourceVersion,
          signal: context.signal,
        });
        try {
          for await (const event of events) {
            if (event.type === 'BOOKMARK') continue;
            const item = event.object as Listed;
            if (names.length === 0 || names.includes(item.metadata.name))
              context.out.print(flags.output === 'json' ? JSON.stringify(item) : line([item], false));
          }
        } catch (error) {
          if (!context.signal.aborted) throw error;
        }
      }),
    );
}
