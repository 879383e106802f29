import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type HelmResult, helm } from '../tools/helm.ts';

export const CHARTS = join(import.meta.dirname, '..', '..', 'charts');

/** An object of the Kubernetes API as a chart renders it. */
export interface Rendered {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  // Every kind looks different; the tests say where they look.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [field: string]: any;
}

/** What makes one rendering differ from another. */
export interface Rendering {
  values?: object;
  namespace?: string;
  release?: string;
  kubeVersion?: string;
  /** What the API server is said to serve. */
  serves?: readonly string[];
}

/** Runs helm without a cluster, in a directory of its own that is gone afterwards. `input`: its standard input. */
export async function offline(args: readonly string[], input = ''): Promise<HelmResult> {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-charts-'));
  try {
    return await helm(join(directory, 'kubeconfig'), args, { input });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** `helm template`, and what came of it. */
export function template(
  chart: string,
  { values = {}, namespace = 'kdr-system', release = 'kdr', kubeVersion, serves = [] }: Rendering = {},
) {
  return offline(
    [
      ...['template', release, join(CHARTS, chart), '--namespace', namespace, '--values', '-'],
      ...(kubeVersion === undefined ? [] : ['--kube-version', kubeVersion]),
      ...serves.flatMap((version) => ['--api-versions', version]),
    ],
    JSON.stringify(values),
  );
}

/** The objects that a chart renders. @throws Error with helm's words where it refuses. */
export async function render(chart: string, how: Rendering = {}): Promise<Rendered[]> {
  const { code, stdout, stderr } = await template(chart, how);
  if (code !== 0) throw new Error(stderr);
  return objectsOf(stdout);
}

/** The objects of a manifest. @throws Error where it is no YAML. */
export function objectsOf(manifest: string): Rendered[] {
  return parseAllDocuments(manifest)
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS() as Rendered | null;
    })
    .filter((object) => object !== null);
}

/** Finds one object. @throws Error where there is none, naming what there is. */
export function find(objects: readonly Rendered[], kind: string, name: string): Rendered {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined)
    throw new Error(`no ${kind} ${name} among ${objects.map((one) => `${one.kind} ${one.metadata.name}`).join(', ')}`);
  return found;
}

/** The names of one kind, sorted. */
export function names(objects: readonly Rendered[], kind: string): string[] {
  return objects
    .filter((object) => object.kind === kind)
    .map(({ metadata }) => metadata.name)
    .sort();
}

/** Every container of a rendering, with the pod that it is in. */
export function containers(objects: readonly Rendered[]) {
  return objects.flatMap((object) => {
    const pod = object.kind === 'Pod' ? object.spec : object.spec?.template?.spec;
    const all = [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])] as Record<string, any>[]; // eslint-disable-line @typescript-eslint/no-explicit-any
    return all.map((container) => ({ where: `${object.kind} ${object.metadata.name}/${container.name}`, pod, container }));
  });
}
