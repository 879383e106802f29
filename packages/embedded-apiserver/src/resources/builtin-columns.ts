import type { PrinterColumn } from '../printing/table.ts';

// Columns of `kubectl get` for built-in kinds, as far as a JSON path can say them.

function column(name: string, jsonPath: string, type = 'string', priority = 0): PrinterColumn {
  return { name, type, jsonPath, priority };
}

const age = column('Age', '.metadata.creationTimestamp', 'date');

export const plainColumns = [age];
export const namespaceColumns = [column('Status', '.status.phase'), age];
export const nodeColumns = [column('Version', '.status.nodeInfo.kubeletVersion'), age];
export const podColumns = [column('Status', '.status.phase'), age, column('Node', '.spec.nodeName', 'string', 1)];
export const secretColumns = [column('Type', '.type'), age];
export const leaseColumns = [column('Holder', '.spec.holderIdentity'), age];
export const policyColumns = [column('ParamKind', '.spec.paramKind.kind'), age];
export const bindingColumns = [column('PolicyName', '.spec.policyName'), age];
export const definitionColumns = [column('Created At', '.metadata.creationTimestamp')];
