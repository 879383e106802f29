import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import type { PackedPackage } from './packing.ts';

/** A registry on loopback that knows the packed packages: `npm install @kdr/…` works before anything is published. */
export interface Registry {
  /** Makes npm in a folder ask it for `@kdr/*`; everything else comes from where it always comes. */
  useIn(folder: string): void;
  close(): Promise<void>;
}

/** What `GET /@kdr%2fNAME` answers (https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md). */
function packument({ name, file, manifest }: PackedPackage, url: string) {
  const integrity = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  const version = { ...manifest, dist: { tarball: `${url}/${basename(file)}`, integrity } };
  return { name, 'dist-tags': { latest: manifest.version }, versions: { [manifest.version]: version } };
}

/** Starts it on a free port. */
export async function startRegistry(packages: PackedPackage[]): Promise<Registry> {
  const server: Server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    // Nothing of it may stay in npm's cache: the same version has other bytes tomorrow.
    response.setHeader('cache-control', 'no-store');
    const wanted = packages.find(({ name, file }) => path === name || path === basename(file));
    if (wanted === undefined) return response.writeHead(404).end('{"error":"not found"}');
    if (path !== wanted.name) return response.end(readFileSync(wanted.file));
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify(packument(wanted, url)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    useIn: (folder) => writeFileSync(join(folder, '.npmrc'), `@kdr:registry=${url}/\naudit=false\nfund=false\nignore-scripts=true\n`),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
