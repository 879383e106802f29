import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { FaultError } from './fault-error.ts';

// Debian keeps daemons (runc, dockerd) in sbin, which is not in the PATH of a plain login; Go's own installer uses /usr/local/go.
const ALSO = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/go/bin'];

/** The absolute path of a program in PATH or in the usual system directories; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  if (isAbsolute(name)) return isExecutable(name) ? name : undefined;
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), ...ALSO].filter((directory) => directory !== '');
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

/** As `findProgram`, but throws KDR_FAULTS_MISSING_PROGRAM. */
export function requireProgram(name: string): string {
  const path = findProgram(name);
  if (path !== undefined) return path;
  throw new FaultError(
    'KDR_FAULTS_MISSING_PROGRAM',
    `The program ${name} is not installed. Run ensureRuntime() (or "cli.ts install") first.`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
