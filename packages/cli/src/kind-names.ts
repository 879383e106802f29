import { CATEGORY, KINDS, type KindDefinition, KdrError } from '@kdr/api-types';

/** The kind that a word on the command line means: plural, singular, short name, with or without the group. */
export function findKind(word: string): KindDefinition {
  const name = word.toLowerCase().replace(/\.kdr\.dev$/, '');
  const kind = KINDS.find((one) => [one.plural, one.kind.toLowerCase(), ...one.shortNames, `${one.shortNames[0]}s`].includes(name));
  if (kind === undefined) {
    throw new KdrError(
      'KDR_CLI_USAGE',
      `there is no kind "${word}". Kinds: ${KINDS.map((one) => `${one.plural} (${one.shortNames.join(', ')})`).join(', ')}; all of them: ${CATEGORY}`,
    );
  }
  return kind;
}

/** The kinds of a list as kubectl takes it: `abn,diag`, and `kdr` (or `all`) for every kind; each once. */
export function findKinds(words: string): KindDefinition[] {
  const kinds = words.split(',').flatMap((word) => (word === CATEGORY || word === 'all' ? KINDS : [findKind(word)]));
  return [...new Set(kinds)];
}
