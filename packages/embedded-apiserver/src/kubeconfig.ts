/**
 * The text of a kubeconfig file (as JSON, which is YAML) with one cluster, one user and one current context.
 * @param server URL of the API server. @param ca its PEM. @param token of the user. @param namespace default of the context.
 */
export function kubeconfig(server: string, ca: string, token: string, namespace = 'default'): string {
  const name = 'embedded';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    'current-context': name,
  };
  return JSON.stringify(config, null, 2) + '\n';
}
