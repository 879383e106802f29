import { type GoroutineDump, parseGoroutineDumps } from '@kdr/goroutine-dump';

/** By what a dump is known to be of one shim: others may dump at the same time, into the same log. */
export interface Origin {
  /** Pid that the shim has for itself: the innermost of its pid namespaces. */
  pid: number;
  namespace: string;
  /** Its working directory, which the log line names as `path`. */
  bundle?: string;
}

/** The newest dump of a shim in a text; a whole one before one that was cut. `exclusive`: the text is the shim's alone. */
export function ownDump(text: string, origin: Origin, exclusive: boolean): GoroutineDump | undefined {
  const own = parseGoroutineDumps(text).dumps.filter((dump) => isOwn(dump, origin, exclusive));
  return own.findLast((dump) => dump.complete) ?? own.at(-1);
}

function isOwn({ pid, fields }: GoroutineDump, origin: Origin, exclusive: boolean): boolean {
  if (fields.namespace !== undefined && fields.namespace !== origin.namespace) return false;
  if (fields.path !== undefined && origin.bundle !== undefined && fields.path !== origin.bundle) return false;
  if (pid !== undefined) return pid === origin.pid;
  return exclusive || (fields.path !== undefined && fields.path === origin.bundle);
}
