import { KdrError } from '@kdr/api-types';
import { ApiError } from '@kdr/controller-runtime';
import { type Command, CommanderError } from 'commander';
import { behindCommand } from './leading-flags.ts';
import { missingRight } from './missing-right.ts';
import { phrase } from './output/phrase.ts';
import { createProgram } from './program.ts';
import type { CliContext } from './session.ts';

/** Exit codes: 0 done; 1 it did not work; 2 the command line is wrong. */
export async function run(argv: string[], context: CliContext): Promise<number> {
  const program = createProgram(context);
  throwInsteadOfExit(program);
  try {
    await program.parseAsync(behindCommand(argv, program), { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    context.out.note(describe(error));
    return error instanceof KdrError && error.code === 'KDR_CLI_USAGE' ? 2 : 1;
  }
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) throwInsteadOfExit(inner);
}

/** What happened, why, and what to do next. */
function describe(error: unknown): string {
  if (error instanceof KdrError) return `Error (${error.code}): ${error.message}\n${error.hint}`;
  if (error instanceof ApiError && error.isUnreachable)
    return `Error (KDR_NOT_RUNNING): ${error.message}\nIs \`kdr up\` running? Another server: --kubeconfig.`;
  if (error instanceof ApiError) return `Error from server (${error.reason}): ${error.message}${phrase('\n', advice(error))}`;
  const { code, message, stack } = error as { code?: string; message?: string; stack?: string };
  return code === undefined ? `Error: ${stack ?? message ?? String(error)}` : `Error (${code}): ${message}`;
}

/** What to do about a refusal of the API server. */
function advice({ status, message }: ApiError): string | undefined {
  if (status === 401) return 'The server does not know you (any more): log in again, or name another user with --user or --context.';
  return status === 403 ? missingRight(message) : undefined;
}
