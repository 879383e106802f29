import { type KindDefinition, KdrError, type ObjectMeta, resourceOf } from '@kdr/api-types';
import { type ApiClient, ApiError, type ListOptions } from '@kdr/controller-runtime';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { type Wanted, wantedOf } from '../get/selection.ts';
import { followChanges } from '../get/watch.ts';
import { formatOption } from '../output/format.ts';
import { columnsOf, rowOf } from '../output/kind-table.ts';
import { table } from '../output/table.ts';
import { type CliContext, type ConnectionFlags, connectionFlags, withSession } from '../session.ts';

interface GetFlags extends ConnectionFlags {
  allNamespaces?: boolean;
  output?: string;
  watch?: boolean;
  selector?: string;
  fieldSelector?: string;
  ignoreNotFound?: boolean;
  headers: boolean;
}
interface Listed {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}
/** The objects that were found of one kind. */
interface Found {
  kind: KindDefinition;
  items: Listed[];
  resourceVersion?: string;
  /** The namespace that was looked in; undefined: all, or none where the kind has none. */
  namespace: string | undefined;
}

/** Objects per page: what kubectl asks for at once. */
const PAGE = 500;

async function fetch(client: ApiClient, { kind, names }: Wanted, namespace: string | undefined, flags: GetFlags): Promise<Found> {
  const type = resourceOf(kind);
  const typed = (item: Listed): Listed => ({ apiVersion: 'kdr.dev/v1alpha1', kind: kind.kind, ...item });
  if (names.length > 0) {
    const items = await Promise.all(names.map((name) => getOne(client, kind, name, namespace, flags.ignoreNotFound === true)));
    const there = items.filter((one) => one !== undefined).map(typed);
    // A watch of one object goes on from it; of several, from what is there when it begins.
    return { kind, items: there, namespace, resourceVersion: there.length === 1 ? there[0]?.metadata.resourceVersion : undefined };
  }
  const items: Listed[] = [];
  const selection: ListOptions = { namespace, labelSelector: flags.selector, fieldSelector: flags.fieldSelector, limit: PAGE };
  for (let token: string | undefined; ;) {
    const page = await client.list<Listed>(type, { ...selection, continue: token });
    items.push(...page.items.map(typed));
    token = page.metadata.continue;
    if (token === undefined || token === '') return { kind, items, resourceVersion: page.metadata.resourceVersion, namespace };
  }
}

async function getOne(client: ApiClient, kind: KindDefinition, name: string, namespace: string | undefined, ignoreNotFound: boolean) {
  try {
    return await client.get<Listed>(resourceOf(kind), { namespace, name });
  } catch (error) {
    if (ignoreNotFound && error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

const nameOf = (kind: KindDefinition, item: Listed) => `${kind.kind.toLowerCase()}.kdr.dev/${item.metadata.name}`;

/** A table of one kind; with several kinds each name tells its kind, as with kubectl. */
function tableOf({ kind, items }: Pick<Found, 'kind' | 'items'>, flags: GetFlags, header: boolean, several: boolean): string {
  const columns = { wide: flags.output === 'wide', namespaces: kind.scope === 'Namespaced' && flags.allNamespaces === true };
  const named = several ? items.map((item) => ({ ...item, metadata: { ...item.metadata, name: nameOf(kind, item) } })) : items;
  return table(
    columnsOf(kind, columns),
    named.map((item) => rowOf(kind, item, columns)),
    { header },
  );
}

function show(context: CliContext, found: readonly Found[], wanted: readonly Wanted[], flags: GetFlags): void {
  const { out } = context;
  const all = found.flatMap((one) => one.items);
  const single = wanted.length === 1 && wanted[0]?.names.length === 1 && all.length === 1;
  const whole = single ? all[0] : { apiVersion: 'v1', kind: 'List', metadata: {}, items: all };
  if (flags.output === 'json') return out.print(JSON.stringify(whole, undefined, 2));
  if (flags.output === 'yaml') return out.print(stringify(whole).trimEnd());
  if (flags.output === 'name') return found.forEach((one) => one.items.forEach((item) => out.print(nameOf(one.kind, item))));
  const tables = found.filter((one) => one.items.length > 0).map((one) => tableOf(one, flags, flags.headers, found.length > 1));
  if (tables.length > 0) return out.print(tables.join('\n\n'));
  if (flags.watch === true || flags.ignoreNotFound === true) return;
  const namespace = found.find((one) => one.namespace !== undefined)?.namespace;
  out.note(`No resources found${namespace === undefined ? '' : ` in ${namespace} namespace`}.`);
}

/** `kdr get KIND [NAME…]`: kubectl's get for KDR's kinds, with kubectl's flags. */
export function registerGet(program: Command, context: CliContext): void {
  connectionFlags(
    program
      .command('get')
      .description('List KDR objects: kdr get abn, kdr get abn,diag, kdr get kdr (every kind), kdr get abn NAME -o yaml')
      .argument('<kind>', 'kinds (abnormals or abn, …), separated by commas, or KIND/NAME; kdr: all of them')
      .argument('[names...]', 'names'),
  )
    .option('-A, --all-namespaces', 'all namespaces')
    .addOption(formatOption(['wide', 'json', 'yaml', 'name'], 'format'))
    .option('-w, --watch', 'go on with what changes')
    .option('-l, --selector <selector>', 'label selector')
    .option('--field-selector <selector>', 'field selector, e.g. status.phase=Failed')
    .option('--ignore-not-found', 'exit 0 where a name does not exist')
    .option('--no-headers', 'without the header line')
    .action((kind: string, names: string[], flags: GetFlags) =>
      withSession(context, flags, async ({ client, namespace }) => {
        const wanted = wantedOf([kind, ...names], flags);
        if (flags.watch === true && wanted.length > 1)
          throw new KdrError('KDR_CLI_USAGE', 'you may only specify a single resource type with -w');
        const where = (one: Wanted) => (one.kind.scope === 'Namespaced' && flags.allNamespaces !== true ? namespace : undefined);
        const found = await Promise.all(wanted.map((one) => fetch(client, one, where(one), flags)));
        show(context, found, wanted, flags);
        const [only] = found;
        if (flags.watch === true && only !== undefined) await watch(context, client, only, wanted[0]?.names ?? [], flags);
      }),
    );
}

async function watch(
  context: CliContext,
  client: ApiClient,
  { kind, namespace, resourceVersion }: Found,
  names: string[],
  flags: GetFlags,
) {
  const selection = { namespace, labelSelector: flags.selector, fieldSelector: flags.fieldSelector, resourceVersion };
  const formats: Record<string, (item: Listed) => string> = {
    json: (item) => JSON.stringify(item),
    yaml: (item) => `---\n${stringify(item).trimEnd()}`,
    name: (item) => nameOf(kind, item),
  };
  const format = formats[flags.output ?? ''] ?? ((item: Listed) => tableOf({ kind, items: [item] }, flags, false, false));
  await followChanges<Listed>(client, resourceOf(kind), { ...selection, signal: context.signal }, (item) => {
    if (names.length === 0 || names.includes(item.metadata.name)) context.out.print(format(item));
  });
}
