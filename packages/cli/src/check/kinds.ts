import { API_VERSION, GROUP, KINDS, type KindDefinition, VERSION } from '@kdr/api-types';
import { customResourceDefinitionType } from '@kdr/controller-runtime';
import { type Check, failed, ok } from './check.ts';
import type { Reader, Seen } from './reader.ts';

/** A CustomResourceDefinition, as far as it is looked at. */
export interface Definition {
  spec: { versions: { name: string; served: boolean }[] };
  status?: { conditions?: { type: string; status: string; message?: string }[] };
}

/** Reads the definitions, and what discovery serves. */
export async function readKinds(reader: Reader) {
  const [served, definitions] = await Promise.all([
    reader.document<{ resources: { name: string }[] }>(`/apis/${API_VERSION}`),
    Promise.all(KINDS.map((kind) => reader.get<Definition>(customResourceDefinitionType, `${kind.plural}.${GROUP}`))),
  ]);
  return { served: served.state === 'found' ? served.value.resources.map((one) => one.name) : [], definitions };
}

/** Every kind is defined, established and served in our version. */
export function checkKinds({ served, definitions }: Awaited<ReturnType<typeof readKinds>>): Check {
  const wrong = KINDS.flatMap((kind, index) => {
    const why = problem(kind, definitions[index] ?? { state: 'absent' }, served);
    return why === undefined ? [] : [`${kind.plural} ${why}`];
  });
  if (wrong.length === 0) return ok('kinds', `${KINDS.length} kinds of ${API_VERSION} are served`);
  const all = definitions.every((one) => one.state === 'absent');
  return failed(
    'kinds',
    all ? `no kind of ${GROUP} is defined here` : wrong.join('; '),
    'install KDR’s CustomResourceDefinitions: `helm upgrade --install` of the chart kdr with crds.install=true',
  );
}

function problem(kind: KindDefinition, definition: Seen<Definition>, served: readonly string[]): string | undefined {
  if (definition.state === 'absent') return 'is not defined';
  if (definition.state === 'found') {
    const { spec, status } = definition.value;
    const refused = status?.conditions?.find((one) => ['Established', 'NamesAccepted'].includes(one.type) && one.status !== 'True');
    if (refused !== undefined) return `is not established (${refused.message ?? refused.type})`;
    const versions = spec.versions.filter((one) => one.served).map((one) => one.name);
    if (!versions.includes(VERSION)) return `is served as ${versions.join(', ') || 'nothing'}, not as ${VERSION}`;
  }
  return served.includes(kind.plural) ? undefined : 'is not served yet';
}
