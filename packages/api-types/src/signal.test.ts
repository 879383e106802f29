import { describe, expect, it } from 'vitest';
import { compileSignalMatch, renderTemplate } from './signal.ts';

const signal = { reason: 'KernelDeadlock', type: 'Warning', message: 'task docker:1 blocked for more than 120 seconds.' };

describe('matching a signal', () => {
  it('wants every matcher and the expression to hold', () => {
    const match = compileSignalMatch({
      matchers: [
        { label: 'type', equals: 'Warning' },
        { label: 'reason', matches: 'Kernel.*' },
      ],
      expression: "signal.message.contains('docker')",
    });
    expect(match(signal)).toBe(true);
    expect(match({ ...signal, type: 'Normal' })).toBe(false);
    expect(match({ ...signal, message: 'x' })).toBe(false);
  });

  it('anchors patterns at both ends', () => {
    expect(compileSignalMatch({ matchers: [{ label: 'reason', matches: 'Kernel' }] })(signal)).toBe(false);
  });

  it('refuses at once what does not compile', () => {
    expect(() => compileSignalMatch({ matchers: [{ label: 'reason', matches: '(' }] })).toThrow();
    expect(() => compileSignalMatch({ expression: 'nothing ==' })).toThrow(/nothing/);
  });
});

it('fills templates with fields, and runs nothing', () => {
  expect(renderTemplate('n-{{ labels.reason }}-{{labels.none}}-{{ 1 + 1 }}', signal)).toBe('n-KernelDeadlock--{{ 1 + 1 }}');
  expect(renderTemplate('{{ labels.constructor }}', signal)).toBe('');
});
