import { readFileSync } from 'node:fs';
import { type ApiServerConfig, inClusterConfig } from '@kdr/controller-runtime';

/**
 * Where the API server is: `KDR_SERVER` with `KDR_TOKEN_FILE` and `KDR_CA_FILE`, else the ServiceAccount of the pod.
 * @throws ApiError NotInCluster where there is neither
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): ApiServerConfig {
  const { KDR_SERVER: server, KDR_TOKEN_FILE: tokenFile, KDR_CA_FILE: caFile } = env;
  if (!server) return inClusterConfig(undefined, env);
  return { server, ...(tokenFile && { tokenFile }), ...(caFile && { ca: readFileSync(caFile, 'utf8') }) };
}
