import type { Requester } from '@kdr/controller-runtime';

/** The part of admission.k8s.io/v1 AdmissionRequest that is read here. */
export interface AdmissionRequest {
  uid: string;
  kind: { group: string; version: string; kind: string };
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  subResource?: string;
  namespace?: string;
  name?: string;
  userInfo: Requester;
  object?: unknown;
}

/** What is answered to the API server. */
export type Verdict =
  | { allowed: true; warnings: readonly string[] }
  | { allowed: false; code: number; reason: 'Invalid' | 'Forbidden' | 'ServiceUnavailable'; message: string };

const API_VERSION = 'admission.k8s.io/v1';

/** Reads the body of a call. @throws Error that says what it is instead. */
export function readReview(body: unknown): AdmissionRequest {
  const { apiVersion, kind, request } = (body ?? {}) as { apiVersion?: unknown; kind?: unknown; request?: Partial<AdmissionRequest> };
  if (apiVersion !== API_VERSION || kind !== 'AdmissionReview') throw new Error(`not an AdmissionReview of ${API_VERSION}`);
  if (typeof request?.uid !== 'string' || typeof request.kind?.kind !== 'string' || typeof request.operation !== 'string')
    throw new Error('request.uid, request.kind and request.operation are required');
  return { ...(request as AdmissionRequest), userInfo: request.userInfo ?? {} };
}

/** The answer as the API server wants it. */
export function writeReview(uid: string, verdict: Verdict): object {
  const response = verdict.allowed
    ? { uid, allowed: true, ...(verdict.warnings.length > 0 && { warnings: verdict.warnings }) }
    : { uid, allowed: false, status: { status: 'Failure', code: verdict.code, reason: verdict.reason, message: verdict.message } };
  return { apiVersion: API_VERSION, kind: 'AdmissionReview', response };
}
