import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { KdrError } from '@kdr/api-types';
import { analyzers } from '@kdr/bundle';
import type { Command } from 'commander';
import type { CliContext } from '../session.ts';

async function read(file: string, stdin: NodeJS.ReadableStream): Promise<string> {
  if (file === '-') return text(stdin);
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new KdrError('KDR_UNREADABLE', `${file} can't be read: ${(cause as Error).message}`, { cause });
  }
}

/** `kdr analyze goroutines FILE|-`: what a saved dump proves, without a node. */
export function registerAnalyze(program: Command, context: CliContext): void {
  const analyze = program.command('analyze').description('Say what a saved file proves, without a node');
  for (const analyzer of analyzers) {
    analyze
      .command(analyzer.what)
      .description(analyzer.description)
      .argument('<file>', 'file, or - for standard input')
      .option('-o, --output <format>', 'json: the answer of the protocol')
      .action(async (file: string, flags: { output?: string }) => {
        const answer = analyzer.analyze(await read(file, context.stdin));
        if (flags.output === 'json') {
          context.out.print(JSON.stringify(answer, undefined, 2));
          return;
        }
        if (answer.outcome !== 'Identified') {
          context.out.print(`${answer.outcome}: ${answer.reason}`);
          return;
        }
        context.out.print(`Identified: ${answer.cause} (confidence ${answer.confidence})\n${answer.title}\n`);
        for (const { title, detail } of answer.evidence)
          context.out.print(`  * ${title}${detail === undefined ? '' : `\n      ${detail.replaceAll('\n', '\n      ')}`}`);
        for (const { action } of answer.recommendation) context.out.print(`\nRecommended: ${action}`);
      });
  }
}
