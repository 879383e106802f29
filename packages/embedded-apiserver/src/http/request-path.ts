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
  const [first, ...rest] = segments;
  switch (first) {
    case 'healthz':
    case 'livez':
    case 'readyz':
      return { what: 'health' };
    case 'version':
      return rest.length === 0 ? { what: 'version' } : undefined;
    case 'openapi':
      return rest[0] === 'v3' ? { what: 'openapi', groupVersion: rest.length === 1 ? undefined : rest.slice(1).join('/') } : undefined;
    case 'api':
      if (rest.length < 2) return { what: 'discovery', scope: 'core', group: rest.length === 1 ? '' : undefined, version: rest[0] };
      return resourcePath('', rest[0]!, rest.slice(1));
    case 'apis':
      if (rest.length < 3) return { what: 'discovery', scope: 'groups', group: rest[0], version: rest[1] };
      return resourcePath(rest[0]!, rest[1]!, rest.slice(2));
    default:
      return undefined;
  }
}

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
