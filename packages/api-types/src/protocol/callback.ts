import { type Static, Type } from '@sinclair/typebox';
import { FreeObject, ObjectName } from '../primitives.ts';

/** `POST /v1/collect` on the agent's socket, `Authorization: Bearer TOKEN`: answers a CollectAnswer. */
export const CallbackCollect = Type.Object({ collector: ObjectName('Name of the collector.'), parameters: FreeObject('Its parameters.') });
export type CallbackCollect = Static<typeof CallbackCollect>;

/** `POST /v1/diagnose` on the agent's socket: answers a DiagnoseAnswer. */
export const CallbackDiagnose = Type.Object({ diagnoser: ObjectName('Name of the diagnoser.') });
export type CallbackDiagnose = Static<typeof CallbackDiagnose>;
