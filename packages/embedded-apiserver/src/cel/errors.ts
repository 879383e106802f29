/** An expression that cannot be used: it does not parse, or its types do not fit. */
export class CelCompileError extends Error {
  readonly code = 'KDR_CEL_COMPILE';

  /** @param offset position in the expression, in UTF-16 units, where the mistake is */
  constructor(message: string, expression: string, offset: number) {
    super(`ERROR: ${locate(message, expression, offset)}`);
    this.name = 'CelCompileError';
  }
}

// cel-go common/error.go: `<input>:1:6: undefined field 'x'`, the line, and a caret below.
function locate(message: string, expression: string, offset: number): string {
  const before = expression.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  const lineEnd = expression.indexOf('\n', offset);
  const text = expression.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
  const column = offset - lineStart;
  return `<input>:${line}:${column + 1}: ${message}\n | ${text}\n | ${'.'.repeat(column)}^`;
}

/** An expression that failed on the given values: `no such key: x`, `division by zero`. `&&`, `||`, all and exists may absorb it. */
export class CelEvaluationError extends Error {
  readonly code = 'KDR_CEL_EVALUATION';

  constructor(message: string) {
    super(message);
    this.name = 'CelEvaluationError';
  }
}

/** An expression that used up its budget. Nothing absorbs it. */
export class CelBudgetExceeded extends Error {
  readonly code = 'KDR_CEL_BUDGET';

  constructor() {
    super('operation cancelled: actual cost limit exceeded');
    this.name = 'CelBudgetExceeded';
  }
}
