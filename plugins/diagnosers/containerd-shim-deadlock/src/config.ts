/** Settings of the node, not of an Abnormal: whoever may create one must not choose where evidence is read. */
export interface Config {
  /** `KDR_JOURNAL_DIRECTORY`: the host's journal where it is mounted elsewhere, such as /host/var/log/journal. Default: the machine's own. */
  journalDirectory?: string;
}

/** Reads the environment. */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const journalDirectory = env.KDR_JOURNAL_DIRECTORY;
  return journalDirectory === undefined || journalDirectory === '' ? {} : { journalDirectory };
}
