import { analyzers } from '@kdr/bundle';
import type { Command } from 'commander';
import { formatOption } from '../output/format.ts';
import { readInput } from '../read-input.ts';
import type { CliContext } from '../session.ts';

/** `kdr analyze goroutines FILE|-`: what a saved dump proves, without a node. */
export function registerAnalyze(program: Command, context: CliContext): void {
  const analyze = program.command('analyze').description('Say what a saved file proves, without a node');
  for (const analyzer of analyzers) {
    analyze
      .command(analyzer.what)
      .description(analyzer.description)
      .argument('<file>', 'file, or - for standard input')
      .addOption(formatOption(['json'], 'the answer of the protocol'))
      .action(async (file: string, flags: { output?: string }) => {
        const answer = analyzer.analyze(await readInput(file, context.stdin, context.signal));
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
