import { existsSync, rmSync } from 'node:fs';
import { createProcfs, processIdentity } from '@kdr/linux';
import { type Plugin, defineDiagnoser, defineRecoverer } from '@kdr/plugin-sdk';
import { Type } from '@sinclair/typebox';

/** A fault that harms nobody: a file that exists. `parameters.file` names it; the target is the process that the Abnormal names. */
export const FILE_THERE = 'FileThere';
const parameters = Type.Object({ file: Type.String() });
const procfs = createProcfs();

/** What differs between the plugins of this fault. */
export interface FilePlugin {
  name: string;
  priority?: number;
  /** A collector without which it can't do its work. */
  needs?: string;
}

const common = ({ name, priority = 10, needs }: FilePlugin) => ({
  name,
  priority,
  parameters,
  match: { faults: [FILE_THERE] },
  ...(needs !== undefined && { needs: [{ collector: needs, required: true }] }),
});

/** Identifies the file. */
export function fileDiagnoser(options: FilePlugin): Plugin {
  return defineDiagnoser({
    ...common(options),
    diagnose({ parameters: { file }, abnormal }) {
      const process = processIdentity(procfs, abnormal.spec.processReference?.pid ?? 0);
      if (!existsSync(file) || process === undefined) return { outcome: 'NotIdentified', reason: `there is no ${file}` };
      return {
        outcome: 'Identified',
        cause: FILE_THERE,
        title: `${file} is there`,
        severity: 'info',
        confidence: 'high',
        evidence: [{ title: file }],
        target: { kind: 'Process', process },
        recommendation: [],
      };
    },
  });
}

/** Removes the file. */
export function fileRecoverer(options: FilePlugin): Plugin {
  return defineRecoverer({
    ...common(options),
    level: 'process',
    reversible: false,
    plan: ({ parameters: { file } }) => ({ outcome: 'Planned', actions: [{ action: 'RemoveFile', description: `removes ${file}` }] }),
    act({ parameters: { file } }) {
      rmSync(file);
      return { outcome: 'Acted', actions: [{ action: 'RemoveFile', description: `removed ${file}` }] };
    },
  });
}
