import { type KindDefinition, KdrError } from '@kdr/api-types';
import { findKind, findKinds } from '../kind-names.ts';

/** What `kdr get` was asked for: objects of a kind, all of them where no names are given. */
export interface Wanted {
  kind: KindDefinition;
  names: string[];
}

/** The flags that contradict names. */
export interface SelectionFlags {
  allNamespaces?: boolean;
  selector?: string;
  fieldSelector?: string;
}

/**
 * Reads the arguments as kubectl does: `KIND[,KIND…] [NAME…]` or `KIND/NAME…`.
 * @throws KdrError KDR_CLI_USAGE for what contradicts itself, in kubectl's words.
 */
export function wantedOf(args: readonly string[], flags: SelectionFlags): Wanted[] {
  const wanted = args.some((one) => one.includes('/')) ? pairs(args) : lists(args);
  const named = wanted.some((one) => one.names.length > 0);
  if (named && flags.allNamespaces === true) throw usage('a resource cannot be retrieved by name across all namespaces');
  if (named && (flags.selector ?? flags.fieldSelector) !== undefined) throw usage('name cannot be provided when a selector is specified');
  return wanted;
}

function lists([kinds = '', ...names]: readonly string[]): Wanted[] {
  return findKinds(kinds).map((kind) => ({ kind, names }));
}

function pairs(args: readonly string[]): Wanted[] {
  const wanted = new Map<KindDefinition, string[]>();
  for (const arg of args) {
    const [word = '', name = '', ...more] = arg.split('/');
    if (name === '' || more.length > 0) throw usage(`"${arg}" is not KIND/NAME: there is no mixing of KIND/NAME with other arguments`);
    const kind = findKind(word);
    wanted.set(kind, [...(wanted.get(kind) ?? []), name]);
  }
  return [...wanted].map(([kind, names]) => ({ kind, names }));
}

const usage = (why: string) => new KdrError('KDR_CLI_USAGE', why);
