import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The licence texts of everything that was bundled, as those licences ask of whoever passes it on. The source maps say what went in.
 * @param maps Source maps of the bundles.
 * @throws Error where a package brings neither a licence text nor says which it is under: nobody may pass it on then.
 */
export function thirdPartyLicences(maps: readonly string[]): string {
  const folders = new Set(maps.flatMap(packagesOf));
  const texts = new Map([...folders].map((folder) => licenceOf(folder)));
  return [...texts.keys()]
    .sort()
    .map((title) => `${title}\n${'-'.repeat(title.length)}\n${texts.get(title)}\n`)
    .join('\n');
}

function packagesOf(map: string): string[] {
  const { sources } = JSON.parse(readFileSync(map, 'utf8')) as { sources: string[] };
  return sources.flatMap((source) => {
    const inPackage = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source)?.[0];
    return inPackage === undefined ? [] : [join(dirname(map), inPackage)];
  });
}

function licenceOf(folder: string): [string, string] {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  if (files.length === 0 && typeof license !== 'string') throw new Error(`${name}@${version} says no licence`);
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
  return [`${name} ${version}${typeof license === 'string' ? `, ${license}` : ''}`, text];
}
