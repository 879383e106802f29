import { isObject } from '../api/object.ts';
import { StatusError, unsupportedMediaType } from '../api/status-error.ts';

/** RFC 7386. Neither argument is changed; untouched parts are shared with `target`. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/**
 * A strategic merge patch differs from a merge patch in lists, which it may merge by key, and in its directives (`$patch`, …). Without
 * either both are the same, and only then is it taken. @throws StatusError 415 for others: wrong is worse than refused.
 */
export function strategicMergePatch(target: unknown, patch: unknown): unknown {
  if (mergesLists(patch)) {
    throw unsupportedMediaType(
      'this server reads a strategic merge patch only without lists and directives: use --type=merge (application/merge-patch+json)',
    );
  }
  return mergePatch(target, patch);
}

function mergesLists(value: unknown): boolean {
  if (Array.isArray(value)) return true;
  return isObject(value) && Object.entries(value).some(([key, each]) => key.startsWith('$') || mergesLists(each));
}

/** 422 in Kubernetes' form for a patch that cannot be applied. */
export function inapplicable(why: string): StatusError {
  return new StatusError(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`, {});
}
