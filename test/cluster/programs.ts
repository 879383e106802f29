import { join } from 'node:path';
import { buildGoProgram } from '../faults/go-build.ts';
import type { OnProgress } from '../faults/progress.ts';
import { readClusterConfig } from './config.ts';

/** The version of Kubernetes in kubernetes/go.mod. */
export const KUBERNETES_VERSION = '1.34.2';

const [MAJOR, MINOR] = KUBERNETES_VERSION.split('.');
const BUILD_TIMEOUT_MS = 25 * 60_000;
const STRIP = '-s -w';
/** What the Makefile of Kubernetes stamps (hack/lib/version.sh). */
const STAMP = [
  `k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`,
  `k8s.io/component-base/version.gitMajor=${MAJOR}`,
  `k8s.io/component-base/version.gitMinor=${MINOR}`,
  `k8s.io/client-go/pkg/version.gitVersion=v${KUBERNETES_VERSION}`,
]
  .map((value) => `-X ${value}`)
  .join(' ');

/** The Go programs, in the order in which they are built: the first compiles most of what the later ones share. */
const PROGRAMS = {
  'kube-apiserver': { usually: 'about four minutes', kubernetes: true },
  'kube-controller-manager': { usually: 'about a minute and a half', kubernetes: true },
  'kube-scheduler': { usually: 'about ten seconds', kubernetes: true },
  kubelet: { usually: 'about half a minute', kubernetes: true },
  'kube-proxy': { usually: 'about half a minute', kubernetes: true },
  coredns: { usually: 'about half a minute', kubernetes: false },
  pause: { usually: 'a few seconds', kubernetes: false },
} as const;

/** Name of a program that is built here. */
export type ProgramName = keyof typeof PROGRAMS;

/** What a control plane without nodes needs. */
export const CONTROL_PLANE_PROGRAMS: readonly ProgramName[] = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

/** All of them. */
export const CLUSTER_PROGRAMS = Object.keys(PROGRAMS) as ProgramName[];

/**
 * Builds the programs from their released source (Go module proxy; go.sum is committed), or takes them from the cache.
 * @returns the absolute path of each.
 * @throws FaultError KDR_FAULTS_MISSING_PROGRAM, KDR_FAULTS_BUILD_FAILED
 */
export async function buildPrograms<Name extends ProgramName>(
  names: readonly Name[],
  { onProgress, signal }: { onProgress: OnProgress; signal?: AbortSignal },
): Promise<Record<Name, string>> {
  const paths: [Name, string][] = [];
  for (const name of names) paths.push([name, join(await build(name, onProgress, signal), name)]);
  return Object.fromEntries(paths) as Record<Name, string>;
}

function build(name: ProgramName, onProgress: OnProgress, signal?: AbortSignal): Promise<string> {
  const { usually, kubernetes } = PROGRAMS[name];
  const recipe = {
    source: join(import.meta.dirname, kubernetes ? 'kubernetes' : name),
    goPackage: kubernetes ? `k8s.io/kubernetes/cmd/${name}` : '.',
    ldflags: kubernetes ? `${STRIP} ${STAMP}` : STRIP,
    program: name,
    usually,
    signal,
    timeoutMs: BUILD_TIMEOUT_MS,
    cacheDirectory: readClusterConfig().cacheDirectory,
  };
  return buildGoProgram(recipe, onProgress);
}
