export { customResourceDefinition, customResourceDefinitions, structuralSchema } from './crd-generation.ts';
export { type PolicyObjects, type PolicyUsers, admissionPolicies, embeddedRoles } from './policies/policies.ts';
export { clusterAdmissionPolicies } from './policies/cluster-policies.ts';
export { type WebhookConfigurationOptions, validatingWebhookConfiguration } from './policies/webhook-configuration.ts';
export { protocolOpenApi } from './protocol/openapi.ts';
