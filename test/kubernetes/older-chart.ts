import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { helm } from '../tools/helm.ts';
import { CHART, type Stage } from './stage.ts';

interface Definition {
  spec: {
    versions: {
      additionalPrinterColumns: { name: string }[];
      schema: { openAPIV3Schema: { properties: { spec: Schema } } };
    }[];
  };
}
interface Schema {
  properties: Record<string, unknown>;
  'x-kubernetes-validations'?: { rule: string }[];
}

/** Of the kind Abnormal, what the older chart does not know yet. */
export const NEWER = { column: 'Cause', field: 'ttlSecondsAfterFinished' } as const;

/** The chart as an earlier version could have been, packed: a lower version, and a kind Abnormal that lacks a column and a field. */
export async function olderChart({ cluster }: Stage): Promise<string> {
  const directory = join(cluster.directory, 'older-chart');
  cpSync(CHART, directory, { recursive: true });
  const description = join(directory, 'Chart.yaml');
  const told = readFileSync(description, 'utf8').replace(/^version: .*$/m, 'version: 0.0.9');
  writeFileSync(description, told);
  const file = join(directory, 'files', 'crds', 'abnormals.kdr.dev.json');
  writeFileSync(file, JSON.stringify(older(JSON.parse(readFileSync(file, 'utf8')) as Definition)));
  const packed = await helm(cluster.kubeconfig, ['package', directory, '--destination', cluster.directory]);
  const chart = /saved it to: (\S+)/.exec(packed.stdout)?.[1];
  if (!chart?.endsWith('kdr-0.0.9.tgz')) throw new Error(`the older chart could not be packed: ${packed.stdout}${packed.stderr}`);
  return chart;
}

function older(definition: Definition): Definition {
  for (const version of definition.spec.versions) {
    version.additionalPrinterColumns = version.additionalPrinterColumns.filter(({ name }) => name !== NEWER.column);
    const { spec } = version.schema.openAPIV3Schema.properties;
    delete spec.properties[NEWER.field];
    spec['x-kubernetes-validations'] = spec['x-kubernetes-validations']?.filter(({ rule }) => !rule.includes(NEWER.field));
  }
  return definition;
}
