import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileJsonPath, fieldValue } from './json-path.ts';

const object = {
  metadata: { name: 'x', annotations: { 'a.b/c': 'v' } },
  spec: { nodeName: 'n1', ports: [80, 443, 8080], empty: null },
  status: {
    conditions: [
      { type: 'Synced', status: 'False', age: 3 },
      { type: 'Ready', status: 'True', age: 9 },
    ],
  },
};

// https://kubernetes.io/docs/reference/kubectl/jsonpath/
describe('a path', () => {
  test.each<[string, unknown[]]>([
    ['.spec.nodeName', ['n1']],
    ['$.spec.nodeName', ['n1']],
    ['.spec.nope', []],
    ['.spec.nodeName.deeper', []],
    ['.spec.empty', [null]],
    ["['spec']['nodeName']", ['n1']],
    ["['a.b/c']", []],
    [".metadata.annotations['a.b/c']", ['v']],
    ['.metadata.annotations.a\\.b/c', ['v']],
    ['.spec.ports[0]', [80]],
    ['.spec.ports[-1]', [8080]],
    ['.spec.ports[9]', []],
    ['.spec.ports[1:]', [443, 8080]],
    ['.spec.ports[0:1]', [80]],
    ['.spec.ports[*]', [80, 443, 8080]],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type == 'Ready')].status", ['True']],
    ['.status.conditions[?(@.type!="Ready")].status', ['False']],
    ['.status.conditions[?(@.age>5)].type', ['Ready']],
    ['.status.conditions[?(@.age<=3)].type', ['Synced']],
    ['.status.conditions[?(@.nope)].type', []],
    ['.status.conditions[?(@.age)].type', ['Synced', 'Ready']],
    ['.status.conditions[*].type', ['Synced', 'Ready']],
  ])('%s', (path, wanted) => {
    expect(compileJsonPath(path)(object)).toEqual(wanted);
  });

  test.each(['', 'spec', '.', '.spec.', '.spec[', '.spec[a]', '..name', '.a b', '.spec[?(@.a==b)]', `.${'a'.repeat(2_000)}`])(
    '%s is refused',
    (path) => {
      expect(() => compileJsonPath(path)).toThrow(/path|neither/);
    },
  );

  test('of quoted names finds what was put there, whatever the names', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 }), fc.jsonValue(), (names, value) => {
        const path = names.map((name) => `['${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}']`).join('');
        const nested = names.reduceRight<unknown>((inner, name) => Object.fromEntries([[name, inner]]), value);
        expect(compileJsonPath(path)(nested)).toEqual([value]);
      }),
    );
  });

  test('never throws on any object, and never finds inherited members', () => {
    const paths = ['.a.b', '.a[0]', '.a[*].b', '.a[?(@.b=="c")].d', '.constructor.name', '.toString'].map((path) => compileJsonPath(path));
    fc.assert(fc.property(fc.jsonValue(), (value) => paths.every((path) => Array.isArray(path(value)))));
    expect(fieldValue({}, '.constructor')).toBeUndefined();
  });

  test('that is hostile to a backtracking matcher is read in linear time', () => {
    const open = Array.from({ length: 80 }, () => '[?(@.a').join('');
    expect(() => compileJsonPath(`.x${open}`)).toThrow();
    expect(() => compileJsonPath(`.x[?(@${'.a'.repeat(450)}`)).toThrow();
  });
});
