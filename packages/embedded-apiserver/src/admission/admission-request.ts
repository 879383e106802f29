/** Who makes a request, as `authentication.k8s.io/v1` UserInfo. */
export interface UserInfo {
  username: string;
  groups: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

/** A write as the admission policies see it (`admission.k8s.io/v1` AdmissionRequest). */
export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  resource: { group: string; version: string; resource: string };
  subresource?: string;
  name: string;
  namespace?: string;
  kind: { group: string; version: string; kind: string };
  /** Absent on DELETE. */
  object?: object;
  /** Absent on CREATE. */
  oldObject?: object;
  userInfo: UserInfo;
  /** The Namespace that holds the object; absent for cluster-scoped ones. */
  namespaceObject?: object;
  dryRun?: boolean;
}
