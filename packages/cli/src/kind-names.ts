import { KINDS, type KindDefinition, KdrError } from '@kdr/api-types';

/** The kind that a word on the command line means: plural, singular, short name, with or without the group; `plugins` and `kdr` are not kinds. */
export function findKind(word: string): KindDefinition {
  const name = word.toLowerCase().replace(/\.kdr\.dev$/, '');
  const kind = KINDS.find((one) => [one.plural, one.kind.toLowerCase(), ...one.shortNames, `${one.shortNames[0]}s`].includes(name));
  if (kind === undefined) {
    throw new KdrError(
      'KDR_CLI_USAGE',
      `there is no kind "${word}". Kinds: ${KINDS.map((one) => `${one.plural} (${one.shortNames.join(', ')})`).join(', ')}`,
    );
  }
  return kind;
}
