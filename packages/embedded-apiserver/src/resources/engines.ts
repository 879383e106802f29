import type { FieldError } from '../schema/field-error.ts';
import type { UserInfo } from '../identity.ts';
import type { PrinterColumn, ResourceSchema, TablePrinter } from './resource-definition.ts';

/** A write as admission policies see it (admission.k8s.io/v1 AdmissionRequest). */
export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  resource: { group: string; version: string; resource: string };
  subresource?: string;
  name: string;
  namespace?: string;
  kind: { group: string; version: string; kind: string };
  object?: object;
  oldObject?: object;
  userInfo: UserInfo;
  namespaceObject?: object;
  dryRun?: boolean;
}

/** What the policies say to a write. */
export type AdmissionReview =
  | { allowed: true; warnings: string[] }
  | { allowed: false; policy: string; binding: string; reason: string; code: number; message: string };

/** The admission policies in force. */
export interface PolicyAdmission {
  /** Takes the whole set; returns what is wrong with it. */
  setPolicies(policies: object[], bindings: object[]): FieldError[];
  review(request: AdmissionRequest): AdmissionReview;
}

/** The parts of the server that know schemas, CEL, tables and OpenAPI; the REST machinery knows only these calls. */
export interface Engines {
  compileResourceSchema(openAPIV3Schema: object, options?: { builtin?: boolean }): ResourceSchema;
  createPolicyAdmission(): PolicyAdmission;
  createTablePrinter(columns: PrinterColumn[]): TablePrinter;
  openApiV3Document(
    group: string,
    version: string,
    resources: { kind: string; plural: string; namespaced: boolean; schema: object }[],
  ): object;
}
