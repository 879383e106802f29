import type { Manifest, Role } from '@kdr/api-types';
import type { Static, TObject, TSchema } from '@sinclair/typebox';

/** A collector that a plugin uses: its name (required), or with `required: false` one that it can do without. */
export type NeedOption = string | { collector: string; required?: boolean };

/** What every plugin may say of itself. Only `name` and its function are required. */
export interface CommonDefinition<P extends TObject = TObject> {
  /** Name of the registration and of the socket: RFC 1123, at most 253 characters. */
  name: string;
  /** Default `0.0.0`. */
  version?: string;
  /** One line for people. */
  description?: string;
  /** Which Abnormals it is for. Default: all. */
  match?: Manifest['match'];
  /** Higher is asked first. Default: the registration's, 100. */
  priority?: number;
  /** `cluster`: also for Abnormals without a node of their own. Default `node`. */
  scope?: 'node' | 'cluster';
  /** Its parameters. Defaults are applied; parameters that it does not name are ignored, since an Abnormal's are shared by all its plugins. */
  parameters?: P;
  /** Shape of the `data` that a collector gives, for those who read it. */
  findings?: TSchema;
  /** Collectors that must have run before it is asked. */
  needs?: NeedOption[];
  /** What it needs of the node: `root`, `hostPID`, `CAP_KILL`, … */
  privileges?: string[];
  /** How long one call takes at most. Default of the agent: 30 for a collector, else 10. */
  timeoutSeconds?: number;
  /** Calls that it works on at once; more are answered 503 KDR_BUSY. Default 4. */
  concurrency?: number;
  /** Throws, with a message for people, while it can't work. Asked by `/readyz`, one second at most. */
  ready?: () => void | Promise<void>;
}

/** The parameters as the plugin's function gets them. */
export type Parameters<P extends TObject> = Static<P>;

/** Where each role is asked. */
export const ROUTES = { collector: '/v1/collect', diagnoser: '/v1/diagnose', recoverer: '/v1/recover' } as const satisfies Record<
  Role,
  string
>;
