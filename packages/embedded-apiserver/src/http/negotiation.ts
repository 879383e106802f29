import { StatusError } from '../api/status-error.ts';

/** The form in which a client wants objects: themselves, as rows of a table, or their metadata only. */
export type ObjectForm = 'object' | 'table' | 'metadata';

interface MediaType {
  type: string;
  parameters: Record<string, string>;
}

/** The form that an Accept header asks for. @throws StatusError 406 when none that is listed can be given. */
export function negotiateForm(accept: string | undefined): ObjectForm {
  const types = parse(accept ?? '*/*');
  for (const { type, parameters } of types) {
    if (!isJson(type)) continue;
    const { as, g, v } = parameters;
    if (as === undefined) return 'object';
    if (g !== 'meta.k8s.io' || v !== 'v1') continue;
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata';
  }
  throw notAcceptable();
}

/** Whether an Accept header asks for the aggregated form of discovery, which saves a request for each group (KEP-3352). */
export function wantsAggregatedDiscovery(accept: string | undefined): boolean {
  const first = parse(accept ?? '*/*').find(
    ({ type, parameters }) => isJson(type) && (parameters['as'] === undefined || isAggregated(parameters)),
  );
  if (first === undefined) throw notAcceptable();
  return isAggregated(first.parameters);
}

/** The media type of aggregated discovery; clients check it in the answer. */
export const aggregatedDiscoveryType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** The media type of a request's body without parameters; JSON where none is said. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? 'application/json').split(';')[0]!.trim().toLowerCase();
}

function isAggregated({ as, g, v }: Record<string, string>): boolean {
  return as === 'APIGroupDiscoveryList' && g === 'apidiscovery.k8s.io' && v === 'v2';
}

function isJson(type: string): boolean {
  return type === 'application/json' || type === 'application/*' || type === '*/*';
}

function parse(accept: string): MediaType[] {
  return accept.split(',', 32).map((part) => {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    return { type: type.toLowerCase(), parameters: Object.fromEntries(parameters.map((each) => each.split('=', 2) as [string, string])) };
  });
}

function notAcceptable(): StatusError {
  return new StatusError(406, 'NotAcceptable', 'only the following media types are accepted: application/json', {});
}
