import { createHash } from 'node:crypto';
import { unknownResource } from '../api/status-error.ts';
import { openApiV3Document } from '../openapi/openapi-v3.ts';
import type { ResourceRegistry } from '../resources/resource-registry.ts';

/** /openapi/v3: an index with the hash of each document, and the documents; made when asked, once for each state of the registry. */
export class OpenApi {
  readonly #registry: ResourceRegistry;
  #documents = new Map<string, { json: string; hash: string }>();
  #generation = -1;

  constructor(registry: ResourceRegistry) {
    this.#registry = registry;
  }

  /** The index: `api/v1` and `apis/G/V`, each with the URL of its document. */
  index(): object {
    const paths = this.#registry.groups().flatMap(({ group, versions }) => versions.map((version) => pathOf(group, version)));
    const entries = paths.map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${this.#document(path).hash}` }]);
    return { paths: Object.fromEntries(entries) as object };
  }

  /** The JSON of one document. @throws StatusError 404 for a group and version that is not served. */
  document(path: string): string {
    return this.#document(path).json;
  }

  #document(path: string): { json: string; hash: string } {
    if (this.#generation !== this.#registry.generation) {
      this.#documents = new Map();
      this.#generation = this.#registry.generation;
    }
    let document = this.#documents.get(path);
    if (document === undefined) {
      const json = this.#make(path);
      document = { json, hash: createHash('sha256').update(json).digest('hex').toUpperCase() };
      this.#documents.set(path, document);
    }
    return document;
  }

  #make(path: string): string {
    const [root, first = '', second] = path.split('/');
    const [group, version] = root === 'api' ? ['', first] : [first, second ?? ''];
    const definitions = this.#registry.of(group, version);
    if (definitions.length === 0 || path !== pathOf(group, version)) throw unknownResource();
    const resources = definitions.map(({ kind, plural, namespaced, openApiSchema }) => ({
      kind,
      plural,
      namespaced,
      schema: openApiSchema,
    }));
    return JSON.stringify(openApiV3Document(group, version, resources));
  }
}

function pathOf(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}
