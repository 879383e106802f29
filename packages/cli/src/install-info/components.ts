/** A Pod of KDR, as far as it is looked at. */
export interface ComponentPod {
  metadata: { name: string; labels?: Record<string, string> };
  spec: { nodeName?: string };
  status?: {
    phase?: string;
    containerStatuses?: {
      name: string;
      image: string;
      imageID: string;
      ready: boolean;
      restartCount: number;
      lastState?: { terminated?: { reason?: string; exitCode?: number } };
    }[];
  };
}

const NAME = 'app.kubernetes.io/name';

/** Which images run, how often they were started again and how they ended last: of KDR's own pods, not of others in its namespace. */
export function podsOf(pods: readonly ComponentPod[]): object[] {
  return pods
    .filter(({ metadata }) => metadata.labels?.[NAME]?.startsWith('kdr') === true)
    .map(({ metadata, spec, status }) => ({
      pod: metadata.name,
      component: metadata.labels?.['app.kubernetes.io/component'],
      version: metadata.labels?.['app.kubernetes.io/version'],
      node: spec.nodeName,
      phase: status?.phase,
      containers: (status?.containerStatuses ?? []).map(({ name, image, imageID, ready, restartCount, lastState }) => ({
        ...{ name, image, imageID, ready, restarts: restartCount },
        ...(lastState?.terminated === undefined
          ? {}
          : { lastEnd: `${lastState.terminated.reason ?? ''} (exit code ${lastState.terminated.exitCode})` }),
      })),
    }));
}
