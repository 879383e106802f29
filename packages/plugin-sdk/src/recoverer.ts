import type { ActAnswer, Diagnosis, PlanAnswer, ProbeAnswer, RecoverRequest, TargetIdentity } from '@kdr/api-types';
import type { TObject } from '@sinclair/typebox';
import { type AskingContext, askingContext } from './context.ts';
import { definedPlugin } from './defined-plugin.ts';
import type { CommonDefinition } from './definition.ts';
import { type RoleFields, manifestOf } from './manifest.ts';
import type { Plugin } from './plugin.ts';

export interface PlanContext<P extends TObject> extends AskingContext<P> {
  /** What was diagnosed. */
  diagnosis: Diagnosis;
  /** The target, by identity. Check it again right before acting. */
  target: TargetIdentity;
}
export interface ActContext<P extends TObject> extends PlanContext<P> {
  /** Names this attempt. The SDK never calls `act` twice for one. */
  attemptId: string;
}

export interface RecovererDefinition<P extends TObject = TObject> extends CommonDefinition<P>, Omit<RoleFields, 'intrusive'> {
  /** What would you do? Does nothing, however often it is asked. */
  plan(context: PlanContext<P>): PlanAnswer | Promise<PlanAnswer>;
  /**
   * Does it, once: the SDK records the attempt (fsynced) before and after. `TargetGone` and `NotApplicable` promise that nothing was done;
   * after `Failed` or an exception only `probe` can tell.
   */
  act(context: ActContext<P>): ActAnswer | Promise<ActAnswer>;
  /**
   * Was attempt X done? Asked only where the SDK's record can't tell: the plugin died or threw between start and end, answered `Failed`, or
   * the records are younger than the diagnosis. Without it the answer is then `Unknown`, and nothing else is tried.
   */
  probe?(context: ActContext<P>): ProbeAnswer | Promise<ProbeAnswer>;
}

/** A recoverer: plans a repair, does it, tells whether it did. @throws KdrError KDR_INVALID_PLUGIN at once. */
export function defineRecoverer<P extends TObject = TObject>(definition: RecovererDefinition<P>): Plugin {
  const { level, reversible } = definition;
  const manifest = manifestOf('recoverer', definition, { plan: definition.plan, act: definition.act }, { level, reversible });
  return definedPlugin(manifest, definition, async (request, services) => {
    const { mode, diagnosis, target, attemptId = '' } = request as RecoverRequest;
    const context = { ...askingContext(definition.parameters, request, services), diagnosis, target, attemptId };
    if (mode === 'Plan') return definition.plan(context);
    if (mode === 'Act') return definition.act(context);
    return (
      definition.probe?.(context) ?? { outcome: 'Unknown', reason: 'neither the record nor the recoverer can tell whether it was done' }
    );
  });
}
