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
 * The functions of Kubernetes' CEL environment (apiserver pkg/cel/environment/base.go): the standard library, strings,
 * regex, lists, sets, optionals, two-variable comprehensions and URLs. Not there: authorizer, quantity, IP, CIDR, format
 * and semver; an expression that uses one is refused by name when it is compiled.
 */
export const standardLibrary: Library = build();
