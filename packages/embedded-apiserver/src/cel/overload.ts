import type { Frame } from './frame.ts';
import type { CelType } from './types.ts';

/** What a function does with its evaluated arguments (the receiver first, if it has one). */
export type Implementation = (frame: Frame, a: unknown, b: unknown, c: unknown, d: unknown) => unknown;

/** One signature of a function and its implementation. */
export interface Overload {
  readonly params: readonly CelType[];
  readonly result: CelType;
  readonly call: Implementation;
}

/** Functions by name: `size` called as `size(x)`, `.size` as `x.size()`, operators as cel-go names them (`_+_`). */
export type Library = ReadonlyMap<string, readonly Overload[]>;

/** Collects overloads; several parts may add signatures to one name. */
export class LibraryBuilder {
  readonly #functions = new Map<string, Overload[]>();

  /** Adds `name(params…): result`. */
  function(name: string, params: readonly CelType[], result: CelType, call: Implementation): this {
    const overloads = this.#functions.get(name) ?? [];
    overloads.push({ params, result, call });
    this.#functions.set(name, overloads);
    return this;
  }

  /** Adds `receiver.name(params…): result`. */
  method(name: string, receiver: CelType, params: readonly CelType[], result: CelType, call: Implementation): this {
    return this.function(`.${name}`, [receiver, ...params], result, call);
  }

  build(): Library {
    return this.#functions;
  }
}
