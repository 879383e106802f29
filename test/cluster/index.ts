export { startCluster, type Cluster, type StartCluster } from './cluster.ts';
export { startControlPlane, type ControlPlane, type StartControlPlane, type TunableProgram } from './control-plane.ts';
export { ClusterError, type ClusterErrorCode } from './cluster-error.ts';
export { type ClusterNode } from './node.ts';
export { type Daemon } from './daemon.ts';
export { cleanUpAbandoned } from './clean-up.ts';
export { TEST_IMAGE } from './images.ts';
export { KUBERNETES_VERSION } from './programs.ts';
export { writeOciArchive, type ImagePlan } from './oci-archive.ts';
