import type { CommandLine } from '@kdr/linux';

const MAX_ARGUMENTS = 64;
const MAX_CHARACTERS = 512;
const TAKEN_OUT = '<redacted>';

const NAME = String.raw`(?:passw(?:or)?d|passphrase|token|secret|credential|api-?_?key|access-?_?key|private-?_?key|auth(?:orization)?)`;
/** `--token VALUE`: the next argument is the secret. */
const FLAG = new RegExp(String.raw`^--?[\w.-]{0,64}${NAME}[\w.-]{0,64}$`, 'i');
/** `--token=VALUE`, `DB_PASSWORD=VALUE`, `"password": "VALUE"`, `Authorization: Bearer VALUE`. */
const ASSIGNED = new RegExp(String.raw`(${NAME}[\w.-]{0,64}"?\s{0,4}[:=]\s{0,4})("[^"]*"?|(?:bearer |basic )?[^\s,;&}]+)`, 'gi');
/** `postgres://user:VALUE@host` */
const USER_INFO = /(:\/\/[^/\s:@]{0,256}:)[^/\s@]{1,256}@/g;

/** The arguments without what looks like a secret, and bounded: at most 64 of 512 characters each. */
export function redactedArgv({ argv, truncated }: CommandLine): { argv: string[]; argvCut: boolean } {
  const kept = argv.slice(0, MAX_ARGUMENTS);
  const texts = kept.map((argument, at) => (at > 0 && FLAG.test(kept[at - 1] ?? '') ? TAKEN_OUT : redacted(argument)));
  return { argv: texts, argvCut: truncated || argv.length > kept.length || kept.some(({ length }) => length > MAX_CHARACTERS) };
}

/** Cut first: a pattern over 64 KiB costs time, and a value that is cut is still taken out up to the end. */
function redacted(argument: string): string {
  return argument
    .slice(0, MAX_CHARACTERS)
    .replace(ASSIGNED, (_match, name: string) => `${name}${TAKEN_OUT}`)
    .replace(USER_INFO, (_match, before: string) => `${before}${TAKEN_OUT}@`);
}
