import * as podTerminating from '@kdr/source-pod-terminating';
import * as unreapedChildren from '@kdr/source-unreaped-children';

/** The custom sources, by where they run: on each node, or once in the cluster. */
export const SOURCE_GROUPS = {
  node: [unreapedChildren],
  cluster: [podTerminating],
} as const;
