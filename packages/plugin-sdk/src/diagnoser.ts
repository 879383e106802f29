import type { DiagnoseAnswer, DiagnoseRequest, Diagnosis, Purpose } from '@kdr/api-types';
import type { TObject } from '@sinclair/typebox';
import { type AskingContext, askingContext } from './context.ts';
import { definedPlugin } from './defined-plugin.ts';
import type { CommonDefinition } from './definition.ts';
import { type RoleFields, manifestOf } from './manifest.ts';
import type { Plugin } from './plugin.ts';

export interface DiagnoseContext<P extends TObject> extends AskingContext<P> {
  /** Diagnose: find it. Confirm: still the same, right before acting? Verify: gone, after acting? */
  purpose: Purpose;
  /** What was identified before: given with Confirm and Verify. A target that is gone can be told by nothing else. */
  diagnosis?: Diagnosis;
}

export interface DiagnoserDefinition<P extends TObject = TObject> extends CommonDefinition<P>, Pick<RoleFields, 'intrusive'> {
  /**
   * `NotIdentified` means: looked, and it is not there. Who could not look says so to purpose Diagnose only; to Confirm and Verify the answer
   * is `Failed`, which neither heals nor verifies.
   */
  diagnose(context: DiagnoseContext<P>): DiagnoseAnswer | Promise<DiagnoseAnswer>;
}

/** A diagnoser: says whether it recognises the fault. @throws KdrError KDR_INVALID_PLUGIN at once. */
export function defineDiagnoser<P extends TObject = TObject>(definition: DiagnoserDefinition<P>): Plugin {
  const manifest = manifestOf('diagnoser', definition, { diagnose: definition.diagnose }, { intrusive: definition.intrusive });
  return definedPlugin(manifest, definition, async (request, services) => {
    const { purpose, diagnosis } = request as DiagnoseRequest;
    const asking = askingContext(definition.parameters, request, services);
    return definition.diagnose({ ...asking, purpose, diagnosis });
  });
}
