import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FaultError } from '../faults/fault-error.ts';

/** This machine's Debian: the suite that its base image is made of, and the files that say where apt gets it. */
export interface DebianSources {
  readonly suite: string;
  readonly files: readonly string[];
}

/**
 * Finds the apt sources of this machine that offer its own suite's `main` (sources.list(5), both formats), so that a mirror which somebody
 * configured is used here too.
 * @throws FaultError KDR_FAULTS_UNSUPPORTED where this is no Debian, or none of its sources offers that.
 */
export function debianSources(etc = '/etc'): DebianSources {
  const suite = existsSync(join(etc, 'os-release'))
    ? /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync(join(etc, 'os-release'), 'utf8'))?.[1]
    : undefined;
  if (suite === undefined)
    throw new FaultError('KDR_FAULTS_UNSUPPORTED', 'The base image is made of Debian packages, and /etc/os-release names no release.');
  const files = sourceFiles(join(etc, 'apt')).filter((file) => offers(readFileSync(file, 'utf8'), suite));
  if (files.length === 0)
    throw new FaultError('KDR_FAULTS_UNSUPPORTED', `No apt source of this machine offers ${suite} main: look into /etc/apt.`);
  return { suite, files };
}

function sourceFiles(apt: string): string[] {
  const parts = join(apt, 'sources.list.d');
  const names = existsSync(parts) ? readdirSync(parts).filter((name) => /\.(list|sources)$/.test(name)) : [];
  return [join(apt, 'sources.list'), ...names.sort().map((name) => join(parts, name))].filter((file) => existsSync(file));
}

function offers(text: string, suite: string): boolean {
  const oneLine = new RegExp(`^deb\\s+(\\[[^\\]]*\\]\\s+)?\\S+\\s+${suite}\\s+(.*\\s)?main(\\s|$)`, 'm');
  return oneLine.test(text) || text.split(/\n\s*\n/).some((stanza) => stanzaOffers(stanza, suite));
}

function stanzaOffers(stanza: string, suite: string): boolean {
  const words = (field: string) => new RegExp(`^${field}:\\s*(.*)$`, 'mi').exec(stanza)?.[1]?.split(/\s+/) ?? [];
  return words('Types').includes('deb') && words('Suites').includes(suite) && words('Components').includes('main');
}
