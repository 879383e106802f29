import { Option } from 'commander';

/** `-o`, which takes one of these and nothing else: a script must not be given a table for a format that was misspelt. */
export function formatOption(formats: readonly string[], description: string): Option {
  return new Option('-o, --output <format>', description).choices(formats);
}
