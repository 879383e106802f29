import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { FaultError } from './fault-error.ts';
import { requireProgram } from './program-path.ts';

const APPLETS = ['sh', 'true', 'sleep', 'cat', 'kill', 'seq'];
const MOUNT_POINTS = ['proc', 'dev', 'sys', 'tmp', 'run', 'etc'];
const ELF_64_PROGRAM_HEADERS = 32;
const PT_INTERP = 3;

/**
 * Fills a directory with the smallest root filesystem for `ctr run --rootfs`: one static busybox (2 MB) and links to it. No registry is asked.
 * @throws FaultError KDR_FAULTS_MISSING_PROGRAM when busybox is absent or needs a dynamic loader (Debian: package busybox-static).
 */
export function fillRootfs(directory: string): void {
  const busybox = requireProgram('busybox');
  if (!isStatic(busybox)) throw new FaultError('KDR_FAULTS_MISSING_PROGRAM', `${busybox} is not static; install busybox-static.`);
  for (const name of ['bin', ...MOUNT_POINTS]) mkdirSync(join(directory, name), { recursive: true });
  copyFileSync(busybox, join(directory, 'bin', 'busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(directory, 'bin', applet));
}

/** A static program names no interpreter: no program header of type PT_INTERP (elf(5), 64-bit little-endian). */
export function isStatic(path: string): boolean {
  const bytes = readFileSync(path);
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2) return false;
  const start = Number(bytes.readBigUInt64LE(ELF_64_PROGRAM_HEADERS));
  const size = bytes.readUInt16LE(54);
  const types = Array.from({ length: bytes.readUInt16LE(56) }, (_, index) => bytes.readUInt32LE(start + index * size));
  return !types.includes(PT_INTERP);
}
