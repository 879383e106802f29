/** How the API server says that RBAC does not allow something (k8s.io/apiserver, forbiddenMessage). */
const FORBIDDEN =
  /User "([^"]*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)"| at the cluster scope)/;

/** The right that a refusal by RBAC says is missing, and how to ask for it; undefined for other refusals (an admission policy, say). */
export function missingRight(message: string): string | undefined {
  const [, user, verb, resource, group, namespace] = FORBIDDEN.exec(message) ?? [];
  if (user === undefined || verb === undefined || resource === undefined) return undefined;
  const what = group === '' ? resource : `${resource}.${group}`.replace(/^([^/]+)\/(\w+)\.(.+)$/, '$1.$3/$2');
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const [name, subresource] = what.split('/');
  const flags = `${subresource === undefined ? '' : ` --subresource=${subresource}`}${namespace === undefined ? '' : ` -n ${namespace}`}`;
  return `Missing right: ${verb} ${what}${where}, for ${user}. A Role or ClusterRole gives it; \`kubectl auth can-i ${verb} ${name}${flags}\` shows whether you have it.`;
}
