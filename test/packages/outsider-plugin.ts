import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outsiderEnvironment, succeeds } from './command.ts';
import type { Registry } from './registry.ts';
import { readWalkthrough } from './walkthrough.ts';

const root = join(import.meta.dirname, '..', '..');
export const WALKTHROUGH = 'docs/plugins/writing-a-plugin.md';

/** The plugin of docs/plugins/writing-a-plugin.md, as its reader has it. */
export interface OutsiderPlugin {
  /** Name of the plugin, of its registration and of its socket. */
  name: string;
  kind: 'Diagnoser';
  /** `registration` of `agent.extraPlugins[]`: what its manifest says. */
  registration: { match: { faults: string[] } };
  /** The folder with package.json, sources and node_modules. */
  directory: string;
  /** The Abnormal that it identifies on any node. */
  abnormal(node: string): object;
}

/**
 * Makes the folder: the page's commands and files, word for word, on the oldest Node.
 * @param directory an empty folder outside of the checkout
 */
export async function makeOutsiderPlugin(directory: string, registry: Registry): Promise<OutsiderPlugin> {
  const { files, steps } = readWalkthrough(WALKTHROUGH);
  registry.useIn(directory);
  await succeeds('sh', ['-ec', steps.install ?? 'false'], { cwd: directory, env: outsiderEnvironment() });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return {
    name: 'disk-full',
    kind: 'Diagnoser',
    registration: { match: { faults: ['DiskPressure'] } },
    directory,
    abnormal: (node) => ({
      apiVersion: 'kdr.dev/v1alpha1',
      kind: 'Abnormal',
      metadata: { namespace: 'default', name: 'disk' },
      spec: {
        ...{ source: 'Custom', fault: 'DiskPressure', nodeName: node, parameters: { threshold: 0 } },
        objectReference: { apiVersion: 'v1', kind: 'Node', name: node },
      },
    }),
  };
}

/**
 * Makes the context of a plugin's image beside nothing else: sources, the dependencies that it runs with, and examples/sidecar/Dockerfile.
 * @param from the plugin's folder, with the registry's .npmrc
 * @param context the folder to fill; made
 */
export async function makeImageContext(from: string, context: string): Promise<void> {
  mkdirSync(context, { recursive: true });
  for (const name of readdirSync(from).filter((one) => /\.ts$|^package\.json$|^\.npmrc$/.test(one)))
    copyFileSync(join(from, name), join(context, name));
  await succeeds('npm', ['install', '--omit=dev'], { cwd: context, env: outsiderEnvironment() });
  copyFileSync(join(root, 'examples', 'sidecar', 'Dockerfile'), join(context, 'Dockerfile'));
}

/** What the Dockerfile would put into the image, file by file, read from its own lines. */
export function dockerfileCopies(context: string): string[] {
  return [...readFileSync(join(context, 'Dockerfile'), 'utf8').matchAll(/^COPY (\S+) /gm)].map((match) => match[1] ?? '');
}
