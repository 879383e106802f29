export { customResourceDefinition, customResourceDefinitions, structuralSchema } from './crd-generation.ts';
export { type PolicyObjects, type PolicyUsers, admissionPolicies, embeddedRoles } from './policies/policies.ts';
export { protocolOpenApi } from './protocol/openapi.ts';
