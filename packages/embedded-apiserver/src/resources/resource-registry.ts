import { apiVersionOf } from './resource-definition.ts';
import type { ResourceDefinition } from './resource-definition.ts';

/** The resources that are served now, and a number that changes with them. */
export class ResourceRegistry {
  readonly #definitions = new Map<string, ResourceDefinition>();
  #generation = 0;

  constructor(builtin: readonly ResourceDefinition[]) {
    for (const definition of builtin) this.serve(definition);
  }

  /** Rises with every change: what caches of discovery and OpenAPI are keyed by. */
  get generation(): number {
    return this.#generation;
  }

  serve(definition: ResourceDefinition): void {
    this.#definitions.set(key(definition.group, definition.version, definition.plural), definition);
    this.#generation += 1;
  }

  /** Ends serving all versions of a plural. */
  withdraw(group: string, plural: string): void {
    for (const [id, definition] of this.#definitions) {
      if (definition.group === group && definition.plural === plural) this.#definitions.delete(id);
    }
    this.#generation += 1;
  }

  find(group: string, version: string, plural: string): ResourceDefinition | undefined {
    return this.#definitions.get(key(group, version, plural));
  }

  all(): ResourceDefinition[] {
    return [...this.#definitions.values()];
  }

  /** The definitions of one group and version. */
  of(group: string, version: string): ResourceDefinition[] {
    return this.all().filter((definition) => definition.group === group && definition.version === version);
  }

  /** Every served group with its versions, the core group first. */
  groups(): { group: string; versions: string[] }[] {
    const groups = new Map<string, Set<string>>();
    for (const { group, version } of this.all()) groups.set(group, (groups.get(group) ?? new Set()).add(version));
    return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, versions]) => ({ group, versions: [...versions].sort() }));
  }

  /** One definition for each stored resource: what the content of a namespace is made of. */
  stored(): ResourceDefinition[] {
    return [...new Map(this.all().map((definition) => [definition.storage, definition])).values()];
  }
}

function key(group: string, version: string, plural: string): string {
  return `${apiVersionOf({ group, version })}/${plural}`;
}
