import { type DiagnoseAnswer, type Envelope, KdrError, shapeError } from '@kdr/api-types';
import type { Static, TObject, TSchema } from '@sinclair/typebox';
import { createCallback } from './callback.ts';
import { readParameters } from './parameters.ts';
import type { CallServices } from './plugin.ts';

/** What every plugin's function gets. */
export interface PluginContext<P extends TObject> extends CallServices {
  /** What is asked about. */
  abnormal: Envelope['abnormal'];
  node: Envelope['node'];
  parameters: Static<P>;
  /** What was collected so far, by collector; not checked. `read` checks it. */
  information: Envelope['information'];
  /**
   * The data that a collector of `needs` gave, checked.
   * @throws KdrError KDR_COLLECT_FAILED where it is missing or of another shape.
   */
  read<T extends TSchema>(collector: string, schema: T): Static<T>;
}

/** What diagnosers and recoverers get besides: they may ask back through the agent. */
export interface AskingContext<P extends TObject> extends PluginContext<P> {
  /**
   * Asks a collector now.
   * @throws KdrError KDR_COLLECT_UNAVAILABLE: nobody to ask, or a remote plugin (declare it in `needs` and use `read`); KDR_COLLECT_FAILED: it
   *   gave nothing, or data of another shape. Uncaught, the call is answered `Failed`, which neither heals nor verifies.
   */
  collect<T extends TSchema>(collector: string, parameters: Record<string, unknown>, schema: T): Promise<Static<T>>;
  /** Asks another diagnoser about this Abnormal. @throws KdrError KDR_DIAGNOSE_UNAVAILABLE */
  diagnose(diagnoser: string): Promise<DiagnoseAnswer>;
}

/** @throws KdrError KDR_COLLECT_FAILED, naming the field that is not of the shape. */
function checked<T extends TSchema>(collector: string, schema: T, data: unknown): Static<T> {
  const error = shapeError(schema, data);
  if (error !== undefined) throw new KdrError('KDR_COLLECT_FAILED', `collector ${collector} gave data of another shape: ${error}`);
  return data as Static<T>;
}

type AnyRequest = Omit<Envelope, 'diagnosis'>;

export function pluginContext<P extends TObject>(schema: P | undefined, request: AnyRequest, services: CallServices): PluginContext<P> {
  const { abnormal, node, information } = request;
  return {
    ...services,
    ...{ abnormal, node, information },
    parameters: readParameters(schema, request.parameters),
    read(collector, shape) {
      const found = Object.hasOwn(information, collector) ? information[collector] : undefined;
      if (found === undefined) throw new KdrError('KDR_COLLECT_FAILED', `collector ${collector} gave nothing for this call`);
      return checked(collector, shape, found.data);
    },
  };
}

export function askingContext<P extends TObject>(schema: P | undefined, request: AnyRequest, services: CallServices): AskingContext<P> {
  const callback = createCallback(request.callback, services);
  return {
    ...pluginContext(schema, request, services),
    collect: async (collector, parameters, shape) => checked(collector, shape, await callback.collect(collector, parameters)),
    diagnose: (diagnoser) => callback.diagnose(diagnoser),
  };
}
