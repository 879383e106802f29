import { existsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { execa } from 'execa';
import { FaultError } from './fault-error.ts';
import { readStat } from './proc.ts';
import { findProgram } from './program-path.ts';
import { requireRoot } from './root-rights.ts';
import { silent, type OnProgress } from './progress.ts';

/** A Debian package that a fault needs and that is not installed. */
export interface MissingPackage {
  readonly name: string;
  readonly why: string;
}

/** A Debian package and the program by which its presence is known. */
export interface NeededPackage extends MissingPackage {
  /** Name in PATH, or an absolute path. */
  readonly program: string;
}

const NEEDED: readonly NeededPackage[] = [
  { name: 'containerd', program: 'containerd', why: 'runs the containers, with its own directories and socket' },
  { name: 'runc', program: 'runc', why: 'what the shims call' },
  { name: 'busybox-static', program: 'busybox', why: 'the root filesystem of the containers (sh, true, sleep)' },
  { name: 'strace', program: 'strace', why: 'reads a goroutine dump that nobody logs' },
  { name: 'bpftrace', program: 'bpftrace', why: 'counts the signals that are sent' },
  { name: 'golang-go', program: 'go', why: 'builds the affected and the fixed shim from their released source' },
];

/** What some tests need besides; the demo does without. */
const FOR_TESTS: readonly NeededPackage[] = [
  { name: 'systemd-journal-remote', program: '/lib/systemd/systemd-journal-remote', why: 'writes real journal files' },
];

const POLICY = '/usr/sbin/policy-rc.d';
const INSTALL_TIMEOUT_MS = 600_000;

/** What `ensureRuntime` would install, for a question to the user. Empty when all is there. Installs nothing. */
export function missingPackages({ forTests = false } = {}): MissingPackage[] {
  return missingOf([...NEEDED, ...(forTests ? FOR_TESTS : [])]);
}

function missingOf(needed: readonly NeededPackage[]): MissingPackage[] {
  return needed.filter(({ program }) => findProgram(program) === undefined).map(({ name, why }) => ({ name, why }));
}

/**
 * Installs what is missing from Debian's archive (`forTests`: also what only tests need), without starting or enabling a service for it to run now. Does nothing, and needs no
 * rights, when all is there. Bounded by ten minutes.
 * @returns the packages that it installed.
 * @throws FaultError KDR_FAULTS_NOT_ROOT, KDR_FAULTS_NO_APT, KDR_FAULTS_INSTALL_FAILED
 */
export async function ensureRuntime({
  onProgress = silent,
  forTests = false,
}: { onProgress?: OnProgress; forTests?: boolean } = {}): Promise<MissingPackage[]> {
  return ensurePackages([...NEEDED, ...(forTests ? FOR_TESTS : [])], { onProgress });
}

/** As `ensureRuntime`, for packages of the caller's choice. */
export async function ensurePackages(
  needed: readonly NeededPackage[],
  { onProgress = silent }: { onProgress?: OnProgress } = {},
): Promise<MissingPackage[]> {
  const missing = missingOf(needed);
  if (missing.length === 0) return [];
  const names = missing.map(({ name }) => name);
  requireRoot(`install ${names.join(', ')}, which are missing`);
  if (findProgram('apt-get') === undefined)
    throw new FaultError(
      'KDR_FAULTS_NO_APT',
      `Not installed: ${names.join(', ')}, and this is no Debian (no apt-get). Install them by hand.`,
    );
  onProgress(`Installing from Debian: ${names.join(', ')} (no service is started)`);
  await withoutServices(async () => {
    if (!(await aptInstall(names)).ok) {
      onProgress('Refreshing the package lists');
      await execa('apt-get', ['update'], { timeout: INSTALL_TIMEOUT_MS, reject: false, stdin: 'ignore' });
      const second = await aptInstall(names);
      if (!second.ok) throw new FaultError('KDR_FAULTS_INSTALL_FAILED', `apt-get could not install ${names.join(', ')}: ${second.output}`);
    }
  });
  const still = missingOf(needed);
  if (still.length > 0)
    throw new FaultError('KDR_FAULTS_INSTALL_FAILED', `Installed, but still not found: ${still.map(({ name }) => name).join(', ')}.`);
  onProgress(`Installed ${names.join(', ')}`);
  return missing;
}

async function aptInstall(names: readonly string[]): Promise<{ ok: boolean; output: string }> {
  const options = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Dpkg::Options::=--force-confold'];
  const result = await execa('apt-get', ['install', ...options, ...names], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    timeout: INSTALL_TIMEOUT_MS,
    reject: false,
    stdin: 'ignore',
    all: true,
  });
  return { ok: !result.failed, output: (result.all ?? '').slice(-2000) };
}

/**
 * Maintainer scripts ask /usr/sbin/policy-rc.d whether they may start a service; 101 means no (Debian's invoke-rc.d, policy-rc.d.txt).
 * Ours says no only while this very process lives, so that one left over by a crash is without effect.
 */
async function withoutServices(install: () => Promise<void>): Promise<void> {
  if (existsSync(POLICY)) {
    const answer = await execa(POLICY, ['containerd', 'start'], { reject: false, timeout: 10_000, stdin: 'ignore' });
    if (answer.exitCode === 101) return install();
    throw new FaultError('KDR_FAULTS_INSTALL_FAILED', `${POLICY} would let apt start containerd's service. Install the packages by hand.`);
  }
  const startTicks = readStat(process.pid)?.startTicks;
  const script = [
    '#!/bin/sh',
    `[ "$(sed 's/.*) //' /proc/${process.pid}/stat 2>/dev/null | cut -d' ' -f20)" = ${startTicks} ] && exit 101`,
    'exit 0',
    '',
  ];
  writeFileSync(POLICY, script.join('\n'), { mode: 0o755, flag: 'wx' });
  try {
    await install();
  } finally {
    await rm(POLICY, { force: true });
  }
}
