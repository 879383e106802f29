import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';

describe('the logger', () => {
  it('writes one JSON object per line, the level as a word, the time in RFC 3339, errors with their stack', () => {
    const lines: string[] = [];
    const logger = createLogger({ name: 'x', level: 'info', destination: { write: (line: string) => void lines.push(line) } });
    logger.debug('not seen');
    logger.child({ key: 'a/b' }).error({ err: new Error('why') }, 'what');
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'error', name: 'x', key: 'a/b', msg: 'what', err: { message: 'why' } });
    expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });
});
