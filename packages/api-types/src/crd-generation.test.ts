import { describe, expect, it } from 'vitest';
import { customResourceDefinitions } from './crd.ts';
import { admissionPolicies } from './crd.ts';
import { KINDS } from './kinds/kinds.ts';

describe('CRD generation', () => {
  it('gives every kind a structural schema', () => {
    const crds = customResourceDefinitions();
    expect(crds.map((crd) => (crd.spec as { names: { kind: string } }).names.kind)).toEqual(KINDS.map((kind) => kind.kind));
    expect(JSON.stringify(crds)).not.toMatch(/\$ref|anyOf|patternProperties/);
  });

  it('bounds every string, list and map, so that the API server can bound the cost of the rules', () => {
    const unbounded: string[] = [];
    const visit = (schema: Record<string, unknown>, path: string): void => {
      if (schema.type === 'string' && schema.enum === undefined && schema.maxLength === undefined) unbounded.push(path);
      if (schema.type === 'array' && schema.maxItems === undefined) unbounded.push(path);
      if (schema.additionalProperties !== undefined && schema.maxProperties === undefined) unbounded.push(path);
      for (const [name, child] of Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>))
        visit(child, `${path}.${name}`);
      if (schema.items !== undefined) visit(schema.items as Record<string, unknown>, `${path}[]`);
      if (schema.additionalProperties !== undefined) visit(schema.additionalProperties as Record<string, unknown>, `${path}{}`);
    };
    for (const crd of customResourceDefinitions()) {
      const version = (crd.spec as { versions: { schema: { openAPIV3Schema: { properties: Record<string, Record<string, unknown>> } } }[] })
        .versions[0];
      for (const part of ['spec', 'status']) {
        const schema = version?.schema.openAPIV3Schema.properties[part];
        if (schema !== undefined) visit(schema, `${String((crd.metadata as { name: string }).name)}.${part}`);
      }
    }
    expect(unbounded).toEqual([]);
  });

  it('describes every field, for kubectl explain', () => {
    const missing: string[] = [];
    const visit = (schema: Record<string, unknown>, path: string): void => {
      for (const [name, child] of Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>)) {
        if (child.description === undefined && child.type !== 'object') missing.push(`${path}.${name}`);
        visit(child, `${path}.${name}`);
      }
    };
    for (const kind of KINDS) visit(kind.spec as never, kind.kind);
    expect(missing).toEqual([]);
  });
});

describe('admission policies', () => {
  it('fail closed and deny', () => {
    for (const { policy, binding } of admissionPolicies({ master: 'm', agent: 'a', source: 's' })) {
      expect((policy.spec as { failurePolicy: string }).failurePolicy).toBe('Fail');
      expect((binding.spec as { validationActions: string[] }).validationActions).toEqual(['Deny']);
    }
  });
});
