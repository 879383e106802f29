import type { DiagnoseAnswer } from '@kdr/api-types';
import { KdrError } from '@kdr/api-types';
import type { DiagnoserAsker } from '../diagnosis/ask-diagnoser.ts';
import type { InformationManager } from '../information/information-manager.ts';
import type { CallbackHandlers } from './callback-server.ts';
import type { PluginRegistry } from './plugin-registry.ts';

/** Answers questions back with the same parts that serve the stages, and notes them for the status. */
export function createCallbackHandlers(parts: {
  registry: PluginRegistry;
  information: InformationManager;
  asker: DiagnoserAsker;
}): CallbackHandlers {
  const { registry, information, asker } = parts;
  return {
    collect: async ({ work, plugin }, { collector, parameters }) => {
      const own = Object.keys(parameters).length > 0 ? parameters : undefined;
      const { answer, entry } = await information.collect(work, collector, plugin.name, own);
      work.askedBack.information.push(entry);
      if (entry.outcome === 'Absent') throw new KdrError('KDR_COLLECT_UNAVAILABLE', entry.reason ?? collector);
      return answer;
    },
    diagnose: async ({ work, plugin, line }, { diagnoser }) => {
      const other = registry.get('Diagnoser', diagnoser);
      if (!other) throw new KdrError('KDR_DIAGNOSE_UNAVAILABLE', `no diagnoser ${diagnoser} is registered`);
      if (line.includes(diagnoser))
        throw new KdrError('KDR_DIAGNOSE_UNAVAILABLE', `${diagnoser} is being asked already: ${line.join(' → ')}`);
      const answer = await asker.ask(work, other, 'Diagnose', line);
      const reason = `asked by ${plugin.name}: ${answer.outcome === 'Identified' ? answer.title : answer.reason}`;
      work.askedBack.diagnoses.push({
        diagnoser,
        outcome: answer.outcome,
        reason: reason.slice(0, 1024),
        finishedAt: new Date().toISOString(),
      });
      if (answer.outcome === 'PassedOver') throw new KdrError('KDR_DIAGNOSE_UNAVAILABLE', `${diagnoser}: ${answer.reason}`);
      return answer satisfies DiagnoseAnswer;
    },
  };
}
