import { expect, it } from 'vitest';
import { firstThatRecognises } from './chain.ts';
import type { Verdict } from './chain.ts';

const verdicts: Record<string, Verdict<string>> = {
  no: { said: 'no', outcome: 'NotIdentified', reason: 'looked' },
  broken: { said: 'failed', outcome: 'Failed', reason: 'broke' },
  yes: { said: 'found', value: 'it' },
};
const walk = async (names: string[], mayGoOn = () => true) => {
  const asked: string[] = [];
  const ask = (name: string) => {
    asked.push(name);
    return Promise.resolve(verdicts[name]!);
  };
  return { ...(await firstThatRecognises(names, ask, mayGoOn)), asked };
};

it('asks in order, stops at the first that recognises it, and keeps who said no', async () => {
  expect(await walk(['no', 'broken', 'yes', 'no'])).toEqual({
    asked: ['no', 'broken', 'yes'],
    found: { candidate: 'yes', value: 'it' },
    refusals: [
      { candidate: 'no', said: 'no', outcome: 'NotIdentified', reason: 'looked' },
      { candidate: 'broken', said: 'failed', outcome: 'Failed', reason: 'broke' },
    ],
  });
});

it('finds nothing where nobody recognises it, and where there is nobody', async () => {
  expect((await walk(['no', 'no'])).found).toBeUndefined();
  expect(await walk([])).toEqual({ asked: [], refusals: [] });
});

it('asks nobody more once it may not go on', async () => {
  expect((await walk(['no', 'yes'], () => false)).asked).toEqual([]);
});
