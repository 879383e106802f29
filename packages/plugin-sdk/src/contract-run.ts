import type { Role } from '@kdr/api-types';
import { DEMANDS } from './contract.ts';
import { type TestTarget, startPlugin } from './plugin-under-test.ts';

/** One demand of the contract, ready to be run by any test runner. */
export interface ContractCase {
  name: string;
  /** Resolves with a note where the plugin may do without and does; rejects where the contract is broken. */
  run(): Promise<string | undefined>;
}

/** The contract as cases. A definition is served anew for each; a socket or URL is called where it is. */
export function contractCases(target: TestTarget, role: Role): ContractCase[] {
  return DEMANDS.filter((demand) => demand.role === undefined || demand.role === role).map(({ name, check }) => ({
    name,
    async run() {
      const plugin = await startPlugin(target);
      try {
        if (plugin.manifest.role !== role) throw new Error(`the manifest says ${plugin.manifest.role}, not ${role}`);
        return await check(plugin);
      } finally {
        await plugin.close();
      }
    },
  }));
}

export interface ContractReport {
  passed: string[];
  failed: { name: string; error: string }[];
  /** What the plugin may do without, and does. */
  notes: string[];
}

/** Proves a running plugin: `await runContract('/run/kdr/plugins/mine.sock', 'diagnoser')`. Never throws for what the plugin does. */
export async function runContract(target: TestTarget, role: Role): Promise<ContractReport> {
  const report: ContractReport = { passed: [], failed: [], notes: [] };
  for (const { name, run } of contractCases(target, role)) {
    try {
      const note = await run();
      report.passed.push(name);
      if (note !== undefined) report.notes.push(note);
    } catch (error) {
      report.failed.push({ name, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return report;
}
