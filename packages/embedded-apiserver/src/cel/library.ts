import { addConversions } from './conversions.ts';
import { addLists } from './lists.ts';
import { addOperators } from './operators.ts';
import { addOptionals } from './optionals.ts';
import { LibraryBuilder, type Library } from './overload.ts';
import { addRegularExpressions } from './regular-expressions.ts';
import { addStrings } from './strings.ts';
import { addTimes } from './times.ts';
import { addUrls } from './urls.ts';

function build(): Library {
  const library = new LibraryBuilder();
  for (const add of [addOperators, addConversions, addStrings, addRegularExpressions, addLists, addTimes, addOptionals, addUrls])
    add(library);
  return library.build();
}

/**
 * The functions of the CEL environment of Kubernetes 1.34 (apiserver pkg/cel/environment/base.go, at its default
 * compatibility version): the standard library, strings, regex, lists, sets, optionals and URLs; the comprehensions are in
 * macros.ts. Not there: authorizer, quantity, IP, CIDR, format and semver; an expression that uses one is refused by name
 * when it is compiled, as one that uses what Kubernetes does not offer (`cel.bind`, `sort`, `math.*`) is on both.
 */
export const standardLibrary: Library = build();
