/** What certificates are for, and where they go. All objects lie in one namespace, the configuration and registrations aside. */
export interface CertificateSettings {
  namespace: string;
  /** Secret of the authority, and of the webhook's certificate: ca.crt, ca.key, tls.crt, tls.key. */
  secret: string;
  /** The webhook's Service, and the ValidatingWebhookConfiguration that has to trust it. */
  webhook?: { service: string; configuration: string };
  /** Secret (tls.crt, tls.key, ca.crt) and Service of the plugins of group `cluster`; registrations with CA_LABEL have to trust it. */
  plugins?: { secret: string; service: string };
}

/** Registrations with this label (value `kdr`) get the authority's certificates as `spec.endpoint.service.caBundle`. */
export const CA_LABEL = 'kdr.dev/ca';
