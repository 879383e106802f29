import { Command } from 'commander';
import { registerAnalyze } from './commands/analyze.ts';
import { registerApprove } from './commands/approve.ts';
import { registerCheck } from './commands/check.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerDynamicCompletion } from './commands/dynamic-completion.ts';
import { registerDiagnose } from './commands/diagnose.ts';
import { registerExplain } from './commands/explain.ts';
import { registerGet } from './commands/get.ts';
import { registerHold } from './commands/hold.ts';
import { registerInstallInfo } from './commands/install-info.ts';
import { registerPlugins } from './commands/plugins.ts';
import { registerUp } from './commands/up.ts';
import { registerVersion } from './commands/version.ts';
import type { CliContext } from './session.ts';

/** The command table. */
export function createProgram(context: CliContext): Command {
  const program = new Command('kdr')
    .description('Kubernetes fault diagnosis and recovery')
    // For __complete, whose words are those of another command line.
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => context.out.print(text.trimEnd()), writeErr: (text) => context.out.note(text.trimEnd()) });
  for (const register of [
    registerUp,
    registerGet,
    registerExplain,
    registerDiagnose,
    registerApprove,
    registerHold,
    registerPlugins,
    registerCheck,
    registerInstallInfo,
    registerAnalyze,
    registerVersion,
    registerCompletion,
    registerDynamicCompletion,
  ])
    register(program, context);
  return program;
}
