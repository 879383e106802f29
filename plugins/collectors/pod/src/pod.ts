import type { KubernetesObject } from '@kdr/controller-runtime';

interface StateDetail {
  reason?: string;
  startedAt?: string;
  finishedAt?: string;
  exitCode?: number;
  signal?: number;
}

/** core/v1 ContainerStatus, the fields that are read. */
export interface ContainerStatus {
  name?: string;
  containerID?: string;
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: StateDetail; running?: StateDetail; terminated?: StateDetail };
}

/** core/v1 Pod, the fields that are read. */
export interface Pod extends KubernetesObject {
  spec?: { nodeName?: string };
  status?: {
    phase?: string;
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
    ephemeralContainerStatuses?: ContainerStatus[];
  };
}

/** core/v1 Event, the fields that are read. */
export interface PodEvent extends KubernetesObject {
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  series?: { count?: number; lastObservedTime?: string };
  source?: { component?: string };
  reportingComponent?: string;
}
