import type {
  Artifact,
  CollectAnswer,
  CollectRequest,
  DiagnoseAnswer,
  DiagnoseRequest,
  Manifest,
  RecoverAnswer,
  RecoverRequest,
} from '@kdr/api-types';
import type { Logger } from 'pino';
import type { Caller } from './caller.ts';

export type PluginRequest = CollectRequest | DiagnoseRequest | RecoverRequest;
export type PluginAnswer = CollectAnswer | DiagnoseAnswer | RecoverAnswer;

/** Bytes that a plugin leaves for the agent to pull. */
export interface ArtifactContent {
  mediaType: string;
  /** At most 64 MiB. */
  data: Buffer | string;
}

/** What the server gives to one call. */
export interface CallServices {
  log: Logger;
  /** Aborts at the request's deadline. */
  signal: AbortSignal;
  /** W3C trace context of the call; empty where it came without. Asking back carries it on. */
  traceparent: string;
  artifact(content: ArtifactContent): Promise<Artifact>;
  /** Who asks; known behind a TLS port alone, where its token was reviewed. */
  caller?: Caller;
}

/** A plugin, ready to be served. Made by `defineCollector`, `defineDiagnoser`, `defineRecoverer`; making one has no side effect. */
export interface Plugin {
  readonly manifest: Manifest;
  /** Calls at once. */
  readonly concurrency: number;
  /** Rejects while it can't work. */
  ready(): Promise<void>;
  /** Answers one request of its role, already checked against the protocol. */
  run(request: PluginRequest, services: CallServices): Promise<PluginAnswer>;
}
