import type { Frame, Goroutine } from '@kdr/goroutine-dump';

const known: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)containerd\/containerd(?:\/v2)?\/cmd\/containerd(?:\/|$)/, 'containerd itself'],
  [/(?:^|\/)github\.com\/(?:docker\/docker|moby\/moby)(?:\/|$)/, 'dockerd'],
  [/(?:^|\/)github\.com\/cri-o\/cri-o(?:\/|$)/, 'CRI-O'],
  [/(?:^|\/)k8s\.io\/kubernetes\/(?:cmd|pkg)\/kubelet(?:\/|$)/, 'the kubelet'],
  [/(?:^|\/)k8s\.io\/kubernetes\/(?:cmd|pkg)\/kubeapiserver|k8s\.io\/apiserver(?:\/|$)/, 'a Kubernetes API server'],
  [/(?:^|\/)k8s\.io\/(?:kubernetes|kube-[a-z-]+)(?:\/|$)/, 'a Kubernetes component'],
  [/(?:^|\/)github\.com\/opencontainers\/runc(?:\/|$)/, 'runc'],
  [/(?:^|\/)github\.com\/prometheus\/prometheus(?:\/|$)/, 'Prometheus'],
  [/(?:^|\/)containerd\/containerd(?:\/v2)?(?:\/|$)/, 'a part of containerd other than the shim'],
];

/** Names the program that a dump is of, by the code its goroutines run. The order of `known` decides. */
export function programName(goroutines: readonly Goroutine[]): string {
  const frames = goroutines.flatMap((goroutine) => goroutine.frames);
  const packages = [...new Set(frames.map((frame) => frame.package))];
  const found = known.find(([pattern]) => packages.some((name) => pattern.test(name)));
  if (found) return found[1];
  const main = frames.find((frame) => frame.package === 'main');
  const hint = main?.file ?? mostUsed(frames);
  return hint === undefined ? 'another Go program' : `another Go program (${hint})`;
}

/** The import path with most frames that is not of the standard library (whose first element has no dot). */
function mostUsed(frames: readonly Frame[]): string | undefined {
  const counts = new Map<string, number>();
  for (const frame of frames) if (/^[^/]*\./.test(frame.package)) counts.set(frame.package, (counts.get(frame.package) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
