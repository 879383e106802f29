import { normalize } from 'node:path';
import type { Endpoint, Registration } from '@kdr/api-types';
import { compileMatch } from '@kdr/api-types/match';
import { createPluginClient } from '@kdr/plugin-client';
import { readCertificates } from '../certificates/pem.ts';
import { type Problem, parametersProblems, problemOf } from './problem.ts';

/** Names that lead to whoever calls (RFC 6761), so that no resolver has to be asked. */
const LOOPBACK = /^(?:.*\.)?localhost\.?$/i;

/**
 * What a CRD's rules can't say about a registration: whether its expression compiles, and whether its endpoint may be called.
 * @param socketDirectories where sockets may lie; undefined: anywhere.
 */
export function registrationProblems({ spec }: Pick<Registration, 'spec'>, socketDirectories?: readonly string[]): Problem[] {
  return [
    ...problemOf('spec.match.expression', () => compileMatch(spec.match)),
    ...endpointProblems(spec.endpoint, socketDirectories),
    ...parametersProblems('spec.parameters', spec.parameters),
  ];
}

function endpointProblems(endpoint: Endpoint, socketDirectories: readonly string[] | undefined): Problem[] {
  const { local, service, url } = endpoint;
  if (local !== undefined) return socketProblems(local.socket, socketDirectories);
  if (service !== undefined) return bundleProblems('spec.endpoint.service.caBundle', service.caBundle);
  if (url === undefined) return [{ field: 'spec.endpoint', message: 'exactly one of local, service, url is required' }];
  return [
    ...problemOf('spec.endpoint.url.url', () => createPluginClient({ url }, { name: 'the endpoint' }).close()),
    ...(URL.canParse(url.url) && LOOPBACK.test(new URL(url.url).hostname)
      ? [{ field: 'spec.endpoint.url.url', message: `${new URL(url.url).hostname} is the caller itself: use a socket (endpoint.local)` }]
      : []),
    ...bundleProblems('spec.endpoint.url.caBundle', url.caBundle),
  ];
}

function socketProblems(socket: string, directories: readonly string[] | undefined): Problem[] {
  const field = 'spec.endpoint.local.socket';
  if (normalize(socket) !== socket) return [{ field, message: `${socket} is not the shortest way to say ${normalize(socket)}` }];
  if (directories === undefined || directories.some((directory) => socket.startsWith(`${directory}/`))) return [];
  return [{ field, message: `${socket} does not lie under ${directories.join(' or ')} (KDR_ALLOWED_SOCKET_DIRS of the master)` }];
}

function bundleProblems(field: string, pem: string | undefined): Problem[] {
  if (pem === undefined || pem === '') return [];
  return problemOf(field, () => {
    if (readCertificates(pem).length === 0) throw new Error('holds no PEM certificate');
  });
}
