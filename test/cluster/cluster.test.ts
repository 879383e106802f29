import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { isAlive, listProcesses, readArgv, readExe, type ProcessIdentity } from '../faults/proc.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { kubectl } from '../tools/kubectl.ts';
import { cleanUpAbandoned, startCluster, startControlPlane, TEST_IMAGE, whyNoCluster, type Cluster, type ControlPlane } from './index.ts';

// A pod's start and end take seconds on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const say = (text: string) => console.log(text);

describe.skipIf(whyNoCluster() !== undefined)('two nodes', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 2, onProgress: say });
  }, 1_800_000);

  afterAll(async () => {
    await cluster?.stop();
  }, 60_000);

  /** Runs a pod to its end and gives what it printed. */
  async function outputOf(name: string, node: string, script: string, spec: object = {}): Promise<string> {
    const container = { name: 'main', image: TEST_IMAGE, command: ['sh', '-c', script] };
    await cluster.apply(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name },
        spec: { nodeName: node, restartPolicy: 'Never', containers: [container], ...spec },
      }),
    );
    const phase = () => cluster.kubectl('get', 'pod', name, '-o', 'jsonpath={.status.phase}');
    await becomesTrue(async () => ['Succeeded', 'Failed'].includes(await phase()), 150_000);
    const log = await cluster.kubectl('logs', name);
    await cluster.kubectl('delete', 'pod', name, '--wait=false', '--grace-period=1');
    return log;
  }

  test('both are Ready, with a runtime class for the affected and for the fixed shim', async () => {
    const nodes = await cluster.kubectl('get', 'nodes', '--no-headers');
    expect(nodes.split('\n').map((line) => line.split(/\s+/).slice(0, 2))).toEqual([
      ['node-1', 'Ready'],
      ['node-2', 'Ready'],
    ]);
    expect((await cluster.kubectl('get', 'runtimeclasses', '-o', 'name')).split('\n')).toEqual([
      'runtimeclass.node.k8s.io/affected',
      'runtimeclass.node.k8s.io/fixed',
    ]);
  });

  test.each(['node-1', 'node-2'])('a pod on %s reaches the API server by the name of its Service', async (node) => {
    const answer = await outputOf(`dns-${node}`, node, 'wget -q -O - --no-check-certificate https://kubernetes.default.svc/version');
    expect(answer).toContain('"gitVersion": "v1.34.2"');
  });

  test('pods on different nodes reach each other, directly and by a Service', async () => {
    await cluster.kubectl(
      'run',
      'web',
      `--image=${TEST_IMAGE}`,
      '--overrides={"spec":{"nodeName":"node-2"}}',
      '--',
      'sh',
      '-c',
      'echo found >index.html; httpd -f -p 8080',
    );
    await cluster.kubectl('expose', 'pod', 'web', '--port=80', '--target-port=8080');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=150s');
    const address = await cluster.kubectl('get', 'pod', 'web', '-o', 'jsonpath={.status.podIP}');
    const script = `for i in 1 2 3 4 5; do wget -q -O - http://web/ && break; sleep 1; done; wget -q -O - http://${address}:8080/`;
    expect(await outputOf('visitor', 'node-1', script)).toBe('found\nfound');
    expect(await outputOf('neighbour', 'node-2', script)).toBe('found\nfound');
    await cluster.kubectl('delete', 'pod/web', 'service/web', '--grace-period=1');
  });

  test('a pod with the node’s pids sees the processes of its own node alone', async () => {
    const seen = await outputOf('pids', 'node-1', 'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline; echo; done', { hostPID: true });
    const lines = seen.split('\n');
    expect(lines.filter((line) => /^\S*\/kubelet /.test(line))).toEqual([expect.stringContaining('--hostname-override=node-1')]);
    expect(lines.filter((line) => /^\S*\/containerd /.test(line))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('kube-apiserver') || line.includes('etcd'))).toEqual([]);
  });

  test('the affected and the fixed shim run pods', async () => {
    for (const runtimeClassName of ['affected', 'fixed'])
      expect(await outputOf(`by-${runtimeClassName}`, 'node-1', 'echo it runs', { runtimeClassName })).toBe('it runs');
    const shims = cluster.node('node-1');
    expect(await shims.ctr('containers', 'ls')).toContain('containerd-shim-runc-v1');
  });

  test('what a pod writes to the node’s /var/lib/kdr is on that node alone', async () => {
    const volumes = [{ name: 'state', hostPath: { path: '/var/lib/kdr', type: 'DirectoryOrCreate' } }];
    const container = {
      name: 'main',
      image: TEST_IMAGE,
      command: ['sh', '-c', 'echo here >/state/mark'],
      volumeMounts: [{ name: 'state', mountPath: '/state' }],
    };
    await outputOf('writer', 'node-2', '', { volumes, containers: [container] });
    expect(readFileSync(cluster.node('node-2').path('/var/lib/kdr/mark'), 'utf8')).toBe('here\n');
    expect(existsSync(cluster.node('node-1').path('/var/lib/kdr/mark'))).toBe(false);
  });

  test('a user of another name may do what RBAC gives, and no more', async () => {
    const kubeconfig = await cluster.userKubeconfig('jane', ['readers']);
    const before = await kubectl(kubeconfig, ['get', 'pods']);
    expect(before.stderr).toContain('User "jane" cannot list resource "pods"');
    await cluster.kubectl('create', 'clusterrolebinding', 'readers', '--clusterrole=view', '--group=readers');
    const may = () => kubectl(kubeconfig, ['get', 'pods']).then(({ code }) => code === 0);
    expect(await becomesTrue(may, 30_000)).toBe(true);
  });

  test('every request is in the audit log', async () => {
    await cluster.kubectl('get', 'configmap', 'kube-root-ca.crt');
    const events = readFileSync(cluster.auditLog, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { verb: string; user: { username: string }; objectRef?: { resource: string; name?: string } });
    expect(events).toContainEqual(
      expect.objectContaining({
        verb: 'get',
        user: expect.objectContaining({ username: 'admin' }) as unknown,
        objectRef: expect.objectContaining({ resource: 'configmaps', name: 'kube-root-ca.crt' }) as unknown,
      }),
    );
  });

  test('the API server can be stopped and started; nodes find it again', async () => {
    await cluster.apiServer.stop();
    expect((await kubectl(cluster.kubeconfig, ['get', 'nodes', '--request-timeout=2s'])).code).not.toBe(0);
    await cluster.apiServer.start();
    expect(await outputOf('after', 'node-1', 'echo again')).toBe('again');
  });

  test('kubelet and containerd of a node can be stopped and started', async () => {
    const { kubelet, containerd } = cluster.node('node-1');
    const before = [kubelet.identity(), containerd.identity()];
    for (const daemon of [kubelet, containerd]) await daemon.stop();
    expect(before.filter(isAlive)).toEqual([]);
    for (const daemon of [containerd, kubelet]) await daemon.start();
    expect([kubelet.identity(), containerd.identity()].filter(isAlive)).toHaveLength(2);
    expect(await outputOf('restarted', 'node-1', 'echo again')).toBe('again');
  });

  test('a frozen kubelet does nothing until it is continued', async () => {
    const { kubelet } = cluster.node('node-2');
    kubelet.freeze();
    onTestFinished(() => kubelet.continue());
    await cluster.kubectl('run', 'patient', `--image=${TEST_IMAGE}`, '--overrides={"spec":{"nodeName":"node-2"}}', '--', 'sleep', '600');
    const phase = () => cluster.kubectl('get', 'pod', 'patient', '-o', 'jsonpath={.status.phase}');
    expect(await becomesTrue(async () => (await phase()) === 'Running', 4000)).toBe(false);
    kubelet.continue();
    expect(await becomesTrue(async () => (await phase()) === 'Running', 100_000)).toBe(true);
  });

  test('stop leaves no process, mount, network or cgroup', async () => {
    const pids = cluster.nodes.map(({ pid }) => pid);
    const bridges = Object.entries(networkInterfaces()).filter(([, all]) =>
      all?.some(({ address }) => cluster.nodes[0]?.address === address.replace(/1$/, '2')),
    );
    expect(bridges).toHaveLength(1);
    const [bridge = ''] = bridges[0] ?? [];
    await cluster.stop();
    expect(existsSync(cluster.directory)).toBe(false);
    expect(listProcesses().filter(({ pid }) => pids.includes(pid))).toEqual([]);
    expect(processesOf(cluster.directory)).toEqual([]);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(cluster.directory);
    expect(cgroupsWith(`kdr-${cluster.name}-`)).toEqual([]);
    expect(readdirSync('/sys/class/net').filter((name) => name.startsWith(bridge))).toEqual([]);
  }, 60_000);
});

test.skipIf(whyNoCluster() !== undefined)(
  'a control plane alone is there at once, and two run side by side',
  async () => {
    const planes: ControlPlane[] = [];
    onTestFinished(async () => void (await Promise.all(planes.map((plane) => plane.stop()))));
    for (let count = 0; count < 2; count += 1) {
      const started = performance.now();
      planes.push(await startControlPlane());
      say(`control plane ${count + 1}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    }
    const [one, two] = planes;
    await one?.kubectl('create', 'namespace', 'only-in-one');
    expect(await two?.kubectl('get', 'namespaces', '-o', 'name')).not.toContain('only-in-one');
    // The controller manager works: it makes a default ServiceAccount in each namespace.
    const account = () => one?.kubectl('-n', 'only-in-one', 'get', 'serviceaccount', 'default', '--ignore-not-found') ?? '';
    expect(await becomesTrue(async () => (await account()) !== '', 60_000)).toBe(true);
    const daemons = planes.flatMap(({ etcd, apiServer, controllerManager, scheduler }) => [etcd, apiServer, controllerManager, scheduler]);
    await Promise.all(planes.map((plane) => plane.stop()));
    expect(daemons.filter((daemon) => isAlive(daemon.identity()))).toEqual([]);
  },
  1_200_000,
);

test.skipIf(whyNoCluster() !== undefined)('what a killed run left is taken down by the next one', async () => {
  const script = `
    import { startCluster } from ${JSON.stringify(join(import.meta.dirname, 'cluster.ts'))};
    const cluster = await startCluster({ nodes: 1, shims: [] });
    console.log(JSON.stringify({ directory: cluster.directory, name: cluster.name, pids: cluster.nodes.map((node) => node.kubelet.identity()) }));
    setInterval(() => undefined, 1000);`;
  const maker = spawn(process.execPath, ['--conditions=kdr-source', '--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void maker.kill('SIGKILL'));
  const [said] = (await once(maker.stdout, 'data')) as [Buffer];
  const left = JSON.parse(said.toString()) as { directory: string; name: string; pids: ProcessIdentity[] };
  const ended = once(maker, 'exit');
  maker.kill('SIGKILL');
  await ended;
  expect(left.pids.filter(isAlive)).toHaveLength(1);
  // A process that is not the noted one, though its number is.
  appendFileSync(join(left.directory, 'processes'), `${JSON.stringify({ name: 'node-1/kubelet', pid: process.pid, startTicks: 1 })}\n`);
  expect(await cleanUpAbandoned()).toContain(left.name);
  expect(left.pids.filter(isAlive)).toEqual([]);
  expect(existsSync(left.directory)).toBe(false);
  expect(processesOf(left.directory)).toEqual([]);
  expect(cgroupsWith(`kdr-${left.name}-`)).toEqual([]);
});

function processesOf(directory: string): string[] {
  return listProcesses()
    .filter(({ pid }) => readExe(pid) !== process.execPath && readArgv(pid).some((argument) => argument.includes(directory)))
    .map(({ comm }) => comm);
}

function cgroupsWith(prefix: string): string[] {
  return readdirSync('/sys/fs/cgroup').flatMap((hierarchy) =>
    readdirSync(join('/sys/fs/cgroup', hierarchy)).filter((name) => name.startsWith(prefix)),
  );
}
