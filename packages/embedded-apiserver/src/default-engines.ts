import { compileResourceSchema } from './schema/resource-schema.ts';
import type { Engines } from './resources/engines.ts';

export const defaultEngines: Engines = {
  compileResourceSchema,
  createPolicyAdmission: () => ({ setPolicies: () => [], review: () => ({ allowed: true, warnings: [] }) }),
  createTablePrinter: () => ({
    columnDefinitions: [{ name: 'Name', type: 'string', format: 'name', description: '', priority: 0 }],
    cells: (object) => [(object as { metadata: { name: string } }).metadata.name],
  }),
  openApiV3Document: () => ({
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.35.0' },
    paths: {},
    components: { schemas: {} },
  }),
};
