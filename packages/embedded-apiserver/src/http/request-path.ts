/** What the path of a request names. */
export type RequestPath =
  | { what: 'health' }
  | { what: 'version' }
  | { what: 'discovery'; group?: string | undefined; version?: string | undefined; scope: 'core' | 'groups' }
  | { what: 'openapi'; groupVersion: string | undefined }
  | { what: 'resource'; group: string; version: string; plural: string; namespace?: string; name?: string; subresource?: string };

const maximumPathLength = 2048;

/** Reads the path of a URL. @returns undefined for a path that names nothing here. */
export function parseRequestPath(pathname: string): RequestPath | undefined {
  if (pathname.length > maximumPathLength) return undefined;
  const segments = decode(pathname);
  if (segments === undefined) return undefined;
  const [first = '', ...rest] = segments;
  return Object.hasOwn(readers, first) ? readers[first]!(rest) : undefined;
}

const health = (): RequestPath => ({ what: 'health' });

const readers: Record<string, (rest: string[]) => RequestPath | undefined> = {
  healthz: health,
  livez: health,
  readyz: health,
  version: (rest) => (rest.length === 0 ? { what: 'version' } : undefined),
  openapi: ([version, ...path]) =>
    version === 'v3' ? { what: 'openapi', groupVersion: path.length === 0 ? undefined : path.join('/') } : undefined,
  api: ([version, ...path]) =>
    version === undefined || path.length === 0
      ? { what: 'discovery', scope: 'core', group: version === undefined ? undefined : '', version }
      : resourcePath('', version, path),
  apis: ([group, version, ...path]) =>
    group === undefined || version === undefined || path.length === 0
      ? { what: 'discovery', scope: 'groups', group, version }
      : resourcePath(group, version, path),
};

/** `namespaces/NAME[/status]` is a Namespace; `namespaces/NS/PLURAL…` lies in one. */
function resourcePath(group: string, version: string, segments: string[]): RequestPath | undefined {
  const inNamespace =
    segments[0] === 'namespaces' && segments.length > 2 && !(group === '' && segments.length === 3 && segments[2] === 'status');
  const [plural, name, subresource, ...more] = inNamespace ? segments.slice(2) : segments;
  if (plural === undefined || more.length > 0) return undefined;
  return {
    what: 'resource',
    group,
    version,
    plural,
    ...(inNamespace ? { namespace: segments[1]! } : {}),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function decode(pathname: string): string[] | undefined {
  try {
    const segments = pathname.split('/').slice(1).map(decodeURIComponent);
    if (segments.at(-1) === '') segments.pop();
    return segments.some((segment) => segment === '' || segment.includes('/')) ? undefined : segments;
  } catch {
    return undefined;
  }
}
