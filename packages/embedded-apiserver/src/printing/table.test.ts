import { describe, expect, test } from 'vitest';
import { InvalidSchema } from '../schema/field-error.ts';
import { humanDuration } from './human-duration.ts';
import { createTablePrinter } from './table.ts';

const now = Date.parse('2024-01-10T00:00:00Z');
const column = (type: string, jsonPath: string): { name: string; type: string; jsonPath: string } => ({ name: 'C', type, jsonPath });

function cell(type: string, jsonPath: string, object: object): unknown {
  return createTablePrinter([column(type, jsonPath)], () => now).cells({ metadata: { name: 'x' }, ...object })[1];
}

// apiextensions customresource/tableconvertor: cellForJSONValue
describe('cells', () => {
  test('start with the name; without columns the age follows', () => {
    const printer = createTablePrinter([], () => now);
    expect(printer.columnDefinitions).toMatchObject([
      { name: 'Name', type: 'string', format: 'name', priority: 0 },
      { name: 'Age', type: 'date' },
    ]);
    expect(printer.cells({ metadata: { name: 'x', creationTimestamp: '2024-01-09T23:55:00Z' } })).toEqual(['x', '5m']);
    expect(printer.cells({})).toEqual(['', null]);
  });

  test('of missing values are null, which kubectl prints as <none>', () => {
    expect(cell('string', '.spec.nope.deeper', { spec: {} })).toBeNull();
    expect(cell('date', '.spec.at', {})).toBeNull();
    expect(cell('integer', '.spec.l[3]', { spec: { l: [1] } })).toBeNull();
  });

  test('of type string show anything: objects and lists as JSON', () => {
    expect(cell('string', '.v', { v: 'a b' })).toBe('a b');
    expect(cell('string', '.v', { v: 5 })).toBe('5');
    expect(cell('string', '.v', { v: true })).toBe('true');
    expect(cell('string', '.v', { v: { b: 1, a: [2] } })).toBe('{"a":[2],"b":1}');
    expect(cell('string', '.v[*].k', { v: [{ k: '1' }, { k: '2' }] })).toBe('1');
  });

  test('of other types show values of that type only', () => {
    expect(cell('integer', '.v', { v: 7.9 })).toBe(7);
    expect(cell('integer', '.v', { v: '7' })).toBeNull();
    expect(cell('number', '.v', { v: 1.5 })).toBe(1.5);
    expect(cell('boolean', '.v', { v: false })).toBe(false);
    expect(cell('boolean', '.v', { v: 'false' })).toBeNull();
    expect(cell('date', '.v', { v: '2024-01-09T00:00:00Z' })).toBe('24h');
    expect(cell('date', '.v', { v: 'yesterday' })).toBe('<invalid>');
  });

  test('have definitions with the path as their description unless one is given', () => {
    const [, plain, described] = createTablePrinter([
      column('string', '.a'),
      { ...column('string', '.b'), description: 'B', priority: 1, format: 'byte' },
    ]).columnDefinitions;
    expect(plain).toEqual({
      name: 'C',
      type: 'string',
      format: '',
      description: 'Custom resource definition column (in JSONPath format): .a',
      priority: 0,
    });
    expect(described).toMatchObject({ description: 'B', priority: 1, format: 'byte' });
  });

  test('with a path that cannot be read are refused, naming the column', () => {
    expect(() => createTablePrinter([column('string', '.a'), column('string', 'a b')])).toThrow(InvalidSchema);
    expect(() => createTablePrinter([column('string', '.a'), column('string', 'a b')])).toThrow(/additionalPrinterColumns\[1\].jsonPath/);
  });
});

// apimachinery util/duration/duration_test.go, TestHumanDuration
test.each([
  [-2000, '<invalid>'],
  [-1000, '0s'],
  [0, '0s'],
  [999, '0s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [70_000 * 3, '3m30s'],
  [10 * 60_000, '10m'],
  [70 * 60_000, '70m'],
  [47 * 60_000, '47m'],
  [3 * 3_600_000, '3h'],
  [5.5 * 3_600_000, '5h30m'],
  [8 * 3_600_000, '8h'],
  [47 * 3_600_000, '47h'],
  [49 * 3_600_000, '2d1h'],
  [8 * 86_400_000, '8d'],
  [600 * 86_400_000, '600d'],
  [(2 * 365 + 1) * 86_400_000, '2y1d'],
  [(8 * 365 + 1) * 86_400_000, '8y'],
])('%d ms is shown as %s', (milliseconds, wanted) => {
  expect(humanDuration(milliseconds)).toBe(wanted);
});
