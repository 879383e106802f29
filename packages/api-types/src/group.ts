/** The API group of every KDR kind. */
export const GROUP = 'kdr.dev';
/** The one served and stored version. */
export const VERSION = 'v1alpha1';
/** What stands in `apiVersion`. */
export const API_VERSION = `${GROUP}/${VERSION}`;
/** Category of all kinds: `kubectl get kdr`. */
export const CATEGORY = 'kdr';
/** Label that carries the node's name, for API servers without `selectableFields` (Kubernetes < 1.31). */
export const NODE_LABEL = 'kdr.dev/node';
/** Label with value `cluster`: the Abnormal has no node of its own, so its agent asks only plugins of scope cluster. */
export const SCOPE_LABEL = 'kdr.dev/scope';
/** Finalizer from intent to the terminal phase, so that a running repair can't lose its record. */
export const AGENT_FINALIZER = 'kdr.dev/agent';
/** Namespace of KDR's own objects: Leases of the agents, and Abnormals of node faults. */
export const SYSTEM_NAMESPACE = 'kdr-system';
/** Name of the Lease on which an agent says that it lives, and which plugins are ready. */
export function agentLeaseName(node: string): string {
  return `kdr-agent-${node}`;
}
/** Annotation of the agent's Lease: JSON array of `ReadyPlugin` (registration.ts). */
export const READY_PLUGINS_ANNOTATION = 'kdr.dev/plugins';
