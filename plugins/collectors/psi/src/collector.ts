import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupDirectory, createProcfs, readCgroupMounts, readCgroupPressure, readMachinePressure } from '@kdr/linux';
import { defineCollector } from '@kdr/plugin-sdk';
import { Type } from '@sinclair/typebox';
import { type PressureFindings, PressureFindings as Findings } from './findings.ts';
import { RESOURCES, between, lookAt } from './resources.ts';

const procfs = createProcfs();
/** The kernel updates the averages every 2 s; the total is exact at each read, so that a second is enough. */
const LOOK_MS = 1000;

/** Pressure of the machine and of the target's cgroup. That the kernel does not measure it is an answer, not an error. */
export const plugin = defineCollector({
  name: 'psi',
  version: '0.1.0',
  description: 'Pressure (PSI) of the node and of the target: how long tasks wait for CPU, memory and I/O',
  parameters: Type.Object({
    pid: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 4_194_304, description: 'Another process than the one that the Abnormal names.' }),
    ),
  }),
  findings: Findings,
  privileges: ['hostPID'],
  timeoutSeconds: 10,
  async collect({ abnormal, parameters, signal }) {
    const cgroup = cgroupOf(parameters.pid ?? abnormal.spec.processReference?.pid);
    const look = () => ({
      at: performance.now(),
      node: lookAt((resource) => readMachinePressure(resource, procfs.root)),
      target: cgroup && lookAt((resource) => readCgroupPressure(cgroup.directory, resource)),
    });
    const earlier = look();
    await sleep(LOOK_MS, undefined, { signal });
    const later = look();
    const elapsed = (later.at - earlier.at) * 1000;
    const data = {
      lookSeconds: elapsed / 1_000_000,
      node: between(earlier.node, later.node, elapsed),
      ...(cgroup &&
        earlier.target &&
        later.target && { cgroup: { path: cgroup.path, pressure: between(earlier.target, later.target, elapsed) } }),
    };
    return { outcome: 'Collected', summary: summary(data), data };
  },
});

/** Where the kernel keeps the pressure of a process' cgroup; only version 2 measures it. */
function cgroupOf(pid: number | undefined): { path: string; directory: string } | undefined {
  const membership = pid === undefined ? undefined : procfs.cgroup(pid)?.find(({ version }) => version === 2);
  const directory = membership && cgroupDirectory(readCgroupMounts(procfs.root), membership);
  return membership && directory !== undefined ? { path: membership.path, directory } : undefined;
}

function summary({ node }: PressureFindings): string {
  const parts = RESOURCES.map((resource) => {
    const { some, full } = node[resource];
    return some === undefined
      ? `${resource} not measured`
      : `${resource} some ${some.now?.toFixed(1) ?? some.avg10} %${full ? `, full ${full.now?.toFixed(1) ?? full.avg10} %` : ''}`;
  });
  return `pressure of the node: ${parts.join('; ')}`;
}
