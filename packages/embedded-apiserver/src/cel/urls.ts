import { CelEvaluationError } from './errors.ts';
import type { Frame } from './frame.ts';
import type { LibraryBuilder } from './overload.ts';
import { bool, list, map, string, url } from './types.ts';

/** url(), isURL() and the parts of a URL (apiserver pkg/cel/library/urls.go): absolute URLs, and absolute paths. */
export function addUrls(library: LibraryBuilder): void {
  library.function('url', [string], url, (frame, text) => parseUrl(frame, text as string) ?? failUrl(text as string));
  library.function('isURL', [string], bool, (frame, text) => parseUrl(frame, text as string) !== undefined);
  library.method('getScheme', url, [], string, (_, target) => part(target, (parsed) => parsed.protocol.replace(/:$/, '')));
  library.method('getHost', url, [], string, (_, target) => part(target, (parsed) => parsed.host));
  library.method('getHostname', url, [], string, (_, target) => part(target, (parsed) => parsed.hostname.replace(/^\[|\]$/g, '')));
  library.method('getPort', url, [], string, (_, target) => part(target, (parsed) => parsed.port));
  library.method('getEscapedPath', url, [], string, (_, target) => (target as URL).pathname);
  library.method('getQuery', url, [], map(string, list(string)), (_, target) => {
    const query = new Map<string, string[]>();
    for (const [name, value] of (target as URL).searchParams) query.set(name, [...(query.get(name) ?? []), value]);
    return query;
  });
}

// An absolute path has no scheme or host of its own; this one marks it.
const pathBase = 'path://-';

const parseCost = 100;

function parseUrl(frame: Frame, text: string): URL | undefined {
  frame.budget.spend(parseCost + text.length);
  if (text.startsWith('/')) return URL.canParse(pathBase + text) ? new URL(pathBase + text) : undefined;
  return URL.canParse(text) && /^[a-z][a-z0-9+.-]*:/i.test(text) ? new URL(text) : undefined;
}

function part(target: unknown, read: (parsed: URL) => string): string {
  const parsed = target as URL;
  return parsed.protocol === 'path:' ? '' : read(parsed);
}

function failUrl(text: string): never {
  throw new CelEvaluationError(
    `URL parse error during conversion from string: parse ${JSON.stringify(text.slice(0, 128))}: invalid URI for request`,
  );
}
