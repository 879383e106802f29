import { type LookupAddress, lookup as resolve } from 'node:dns';
import { type ClientRequest, type RequestOptions, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type LookupFunction, isIP } from 'node:net';
import type { Endpoint } from '@kdr/api-types';
import { mayCall } from './address-policy.ts';
import { PluginError } from './plugin-error.ts';

/** Options that only `service` and `url` endpoints use. */
export interface RemoteOptions {
  /**
   * Bearer token for each call to a `service`: a projected ServiceAccount token, see `tokenFromFile`. Never sent to a local socket, nor to a
   * `url`: whoever listens there is not known to be of this cluster.
   */
  token?: () => string | Promise<string>;
  /** Whether an address may be called; default: no loopback, link-local, multicast or metadata address. */
  mayCall?: (address: string) => boolean;
  /** Name resolution; default: `dns.lookup`. */
  lookup?: LookupFunction;
}

/** The way to one plugin. */
export interface Transport {
  /** Opens a request. `fresh`: on a connection of its own, so that a refused connection proves that nothing was sent. */
  open(options: RequestOptions & { fresh?: boolean }): ClientRequest;
  token?: (() => string | Promise<string>) | undefined;
  close(): void;
}

function refused(name: string, why: string): PluginError {
  return new PluginError('KDR_ENDPOINT_REFUSED', `${name}: ${why}`, { retryable: false, sent: false });
}

function localTransport(socketPath: string, concurrency: number): Transport {
  const kept = new HttpAgent({ keepAlive: true, maxSockets: concurrency + 2, maxFreeSockets: 1, timeout: 30_000 });
  return {
    open: ({ fresh = false, ...options }) => httpRequest({ ...options, socketPath, agent: fresh ? false : kept }),
    close: () => kept.destroy(),
  };
}

// The checked addresses are the ones that are connected to: a name that changes between check and use (DNS rebinding) gains nothing.
function checkedLookup(name: string, { lookup = resolve as LookupFunction, mayCall: allowed = mayCall }: RemoteOptions): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses: LookupAddress[] = Array.isArray(found) ? found : [];
      const bad = addresses.find(({ address }) => !allowed(address));
      if (error) callback(error, []);
      else if (bad) callback(refused(name, `${hostname} resolves to ${bad.address}, which may not be called`), []);
      else if (options.all) callback(null, addresses);
      else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });
  };
}

function tlsTransport(name: string, url: URL, caBundle: string | undefined, concurrency: number, options: RemoteOptions): Transport {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol !== 'https:') throw refused(name, `${url.protocol}// is not https://`);
  if (url.username !== '' || url.password !== '') throw refused(name, 'credentials in the URL; use a token');
  if (isIP(host) !== 0 && !(options.mayCall ?? mayCall)(host)) throw refused(name, `${host} may not be called`);
  const tls = {
    host,
    port: url.port === '' ? 443 : Number(url.port),
    lookup: checkedLookup(name, options),
    ...(isIP(host) === 0 && { servername: host }),
    ...(caBundle !== undefined && { ca: caBundle }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  } as const;
  const kept = new HttpsAgent({ keepAlive: true, maxSockets: concurrency + 2, maxFreeSockets: 1, timeout: 30_000, ...tls });
  const prefix = url.pathname.replace(/\/$/, '');
  return {
    open: ({ fresh = false, path, ...rest }) => httpsRequest({ ...rest, ...tls, path: `${prefix}${path}`, agent: fresh ? false : kept }),
    close: () => kept.destroy(),
  };
}

/** @throws PluginError KDR_ENDPOINT_REFUSED at once, where the endpoint itself already says that it may not be called. */
export function openTransport(name: string, endpoint: Endpoint, concurrency: number, options: RemoteOptions): Transport {
  const { local, service, url } = endpoint;
  if ([local, service, url].filter((each) => each !== undefined).length !== 1)
    throw refused(name, 'exactly one of local, service, url is required');
  if (local) return localTransport(local.socket, concurrency);
  if (service) {
    const address = new URL(`https://${service.name}.${service.namespace}.svc:${service.port}`);
    return { ...tlsTransport(name, address, service.caBundle, concurrency, options), token: options.token };
  }
  if (!URL.canParse(url!.url)) throw refused(name, 'the URL can’t be read');
  return tlsTransport(name, new URL(url!.url), url!.caBundle, concurrency, options);
}
