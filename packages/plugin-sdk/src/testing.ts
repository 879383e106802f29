import type { CollectAnswer, DiagnoseAnswer, RecoverAnswer, Role } from '@kdr/api-types';
import type { Answers } from './callback-server.ts';
import { contractCases } from './contract-run.ts';
import type { PluginAnswer } from './plugin.ts';
import { type TestTarget, startPlugin } from './plugin-under-test.ts';
import type { SampleOptions } from './sample-request.ts';

export { type ContractCase, type ContractReport, contractCases, runContract } from './contract-run.ts';
export { type PluginUnderTest, type TestTarget, startPlugin } from './plugin-under-test.ts';
export { type SampleOptions, NOBODY, sampleRequest } from './sample-request.ts';
export { type Answers } from './callback-server.ts';
export { type CallServices, type Plugin, type PluginAnswer, type PluginRequest } from './plugin.ts';

/** One case of the author's own. */
export interface PluginCase<A extends PluginAnswer> {
  name: string;
  /** What is asked; everything that it does not say is filled in. */
  request?: SampleOptions;
  /** What the plugin hears when it asks back. */
  answers?: Answers;
  /** The outcome, or a function that throws where the answer is wrong. */
  expect: A['outcome'] | ((answer: A) => void | Promise<void>);
}

export interface SuiteOptions<A extends PluginAnswer> {
  /** Of vitest, node:test, mocha, jest, … */
  test: (name: string, run: () => Promise<void>) => unknown;
  cases?: PluginCase<A>[];
}

async function runCase<A extends PluginAnswer>(target: TestTarget, { request, answers, expect }: PluginCase<A>): Promise<void> {
  const plugin = await startPlugin(target, answers);
  try {
    const answer = (await plugin.ask(request)) as A;
    if (typeof expect === 'function') await expect(answer);
    else if (answer.outcome !== expect) throw new Error(`expected ${expect}: ${JSON.stringify(answer)}`);
  } finally {
    await plugin.close();
  }
}

function register<A extends PluginAnswer>(role: Role, target: TestTarget, { test, cases = [] }: SuiteOptions<A>): void {
  for (const { name, run } of contractCases(target, role)) test(`contract: ${name}`, async () => void (await run()));
  for (const each of cases) test(each.name, () => runCase(target, each));
}

/** Registers the contract and the author's cases for a collector, given as definition, socket or URL. */
export function testCollector(target: TestTarget, options: SuiteOptions<CollectAnswer>): void {
  register('collector', target, options);
}

/** Registers the contract and the author's cases for a diagnoser, given as definition, socket or URL. */
export function testDiagnoser(target: TestTarget, options: SuiteOptions<DiagnoseAnswer>): void {
  register('diagnoser', target, options);
}

/** Registers the contract and the author's cases for a recoverer, given as definition, socket or URL. The contract itself never acts. */
export function testRecoverer(target: TestTarget, options: SuiteOptions<RecoverAnswer>): void {
  register('recoverer', target, options);
}
