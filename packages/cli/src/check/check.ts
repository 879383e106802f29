/** One thing that `kdr check` looked at. */
export interface Check {
  name: string;
  /** `off`: not part of this installation, or not to be seen with these rights; no failure. */
  verdict: 'ok' | 'failed' | 'off';
  message: string;
  /** What to do next. */
  next?: string;
}

/** It is as it should be. */
export function ok(name: string, message: string): Check {
  return { name, verdict: 'ok', message };
}

/** It is not; `next` says what to do. */
export function failed(name: string, message: string, next?: string): Check {
  return next === undefined ? { name, verdict: 'failed', message } : { name, verdict: 'failed', message, next };
}

/** It is not part of this installation, or may not be seen. */
export function off(name: string, message: string): Check {
  return { name, verdict: 'off', message };
}

/** The first names of a list, and how many more there are: a cluster may have thousands of nodes. */
export function some(names: readonly string[], most = 10): string {
  const rest = names.length - most;
  return `${names.slice(0, most).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
