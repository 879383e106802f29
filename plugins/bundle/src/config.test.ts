import { expect, it } from 'vitest';
import { readLogLevel, readNodeName, readRecovery, readServer } from './config.ts';

it('takes an empty variable for none', () => {
  expect([readLogLevel({}), readLogLevel({ KDR_LOG_LEVEL: '' }), readLogLevel({ KDR_LOG_LEVEL: 'warn' })]).toEqual([
    'info',
    'info',
    'warn',
  ]);
  expect(readServer({ KDR_SERVER: 'https://a', KDR_TOKEN_FILE: '/t', KDR_CA_FILE: '' })).toEqual({ server: 'https://a', tokenFile: '/t' });
});

it('has recovery on unless it is told off; a misspelled word is refused', () => {
  expect([{}, { KDR_RECOVERY: '' }, { KDR_RECOVERY: 'on' }, { KDR_RECOVERY: 'off' }].map(readRecovery)).toEqual([true, true, true, false]);
  for (const word of ['of', 'OFF', 'false', 'no'])
    expect(() => readRecovery({ KDR_RECOVERY: word })).toThrow(`KDR_RECOVERY must be on or off, not "${word}"`);
});

it.each<[code: string, variable: string, read: () => unknown]>([
  ['KDR_CONFIG_INVALID', 'KDR_LOG_LEVEL', () => readLogLevel({ KDR_LOG_LEVEL: 'loud' })],
  ['KDR_CONFIG_INVALID', 'KDR_NODE_NAME', () => readNodeName({})],
  ['KDR_CONFIG_INVALID', 'KDR_SERVER', () => readServer({ KDR_SERVER: 'nowhere' })],
  ['KDR_UNREADABLE', 'KDR_CA_FILE', () => readServer({ KDR_SERVER: 'https://a', KDR_CA_FILE: '/nowhere' })],
  ['KDR_NOT_IN_CLUSTER', 'Pod', () => readServer({})],
])('says %s about %s', (code, variable, read) => {
  expect(read).toThrow(expect.objectContaining({ code, message: expect.stringContaining(variable) as string }) as Error);
});
