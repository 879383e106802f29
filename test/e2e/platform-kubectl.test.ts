import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { API_VERSION } from '@kdr/api-types';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { bootIdentity } from '../demo/boot-identity.ts';
import { type NonReapingParent, startNonReapingParent } from '../faults/index.ts';
import { kubectlPath } from '../tools/kubectl.ts';
import { type Scene, openScene } from './scene.ts';

vi.setConfig({ testTimeout: 180_000 });
let scene: Scene;
let culprit: NonReapingParent;

beforeAll(async () => {
  scene = await openScene();
  culprit = await startNonReapingParent({ children: 2 });
  await scene.allow(culprit.pid, { mode: 'Approve' });
}, 120_000);
afterAll(async () => {
  await culprit?.stop();
  await scene?.close();
});

async function succeeds(args: string, manifest?: object): Promise<string> {
  const { code, stdout, stderr } = await scene.k(args.split(' '), manifest);
  expect(`${code} ${stderr}`).toBe('0 ');
  return stdout;
}

const manifest = (name: string) => ({
  apiVersion: API_VERSION,
  kind: 'Abnormal',
  metadata: { name },
  spec: {
    source: 'Custom',
    fault: 'UnreapedChildren',
    nodeName: scene.node,
    processReference: bootIdentity(culprit),
    diagnosers: ['unreaped-children'],
    parameters: { lookSeconds: 1 },
  },
});

describe('the real kubectl on `kdr up`', () => {
  it('creates a Custom Abnormal that runs, and watches it go through its phases', async () => {
    // What is there already is shown first: from then on nothing is missed.
    await succeeds('create -f -', { ...manifest('first'), spec: { ...manifest('first').spec, diagnosers: ['nobody'] } });
    const fixed = [`--kubeconfig=${scene.platform.kubeconfig}`, `--cache-dir=${dirname(scene.platform.kubeconfig)}/kubectl-cache`];
    const watch = spawn(kubectlPath(), [...fixed, 'get', 'abn', '-w', '--output-watch-events'], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(async () => {
      watch.kill();
      if (watch.exitCode === null && watch.signalCode === null) await once(watch, 'exit');
    });
    const phases: string[] = [];
    let header = '';
    for await (const line of createInterface({ input: watch.stdout })) {
      const [event, name, , , phase = ''] = line.split(/\s+/);
      if (event === 'EVENT') header = line.split(/\s+/).join(' ');
      if (event === 'ADDED' && name === 'first')
        expect(await succeeds('create -f -', manifest('by-kubectl'))).toBe('abnormal.kdr.dev/by-kubectl created\n');
      if (name === 'by-kubectl' && phases.at(-1) !== phase) phases.push(phase);
      if (name === 'by-kubectl' && (phase === 'Recovering' || phase === 'Failed')) break;
    }
    await succeeds('delete abn first');
    expect(header).toBe('EVENT NAME NODE FAULT PHASE CAUSE REASON AGE');
    // Before the agent takes it, it has no phase, and its age stands in that place.
    expect(phases.slice(-3)).toEqual(['InformationCollecting', 'Diagnosing', 'Recovering']);
  });

  it('shows it in a table, and with the wide columns', async () => {
    await scene.until('by-kubectl', ({ status }) => status?.recovery?.grant?.decision === 'Waiting');
    expect(await succeeds('get abn')).toMatch(
      /^NAME +NODE +FAULT +PHASE +CAUSE +REASON +AGE\nby-kubectl +\S+ +UnreapedChildren +Recovering +ParentDoesNotReap +Identified +\d+s\n$/,
    );
    expect(await succeeds('get abn -o wide')).toMatch(
      /^NAME .* DIAGNOSER +RECOVERER +SOURCE.*\nby-kubectl .* unreaped-children +process-kill +Custom/,
    );
    expect(await succeeds('get kdr -o name')).toContain('abnormal.kdr.dev/by-kubectl\n');
    expect(await succeeds('get abn --field-selector status.phase=Recovering -o name')).toBe('abnormal.kdr.dev/by-kubectl\n');
    expect(await succeeds('get abn --field-selector spec.fault=Other -o name')).toBe('');
  });

  it('lists what is registered, and the policies', async () => {
    const registered = await succeeds('get ic,diag,rcv');
    expect(registered).toMatch(/recoverer\.kdr\.dev\/process-kill +True +1 +1/);
    expect(registered).toMatch(/informationcollector\.kdr\.dev\/process +True/);
    expect(await succeeds('get rp')).toMatch(/^NAME +MODE +FALLBACK +INTRUSIVE +AGE\ndefault +Observe +true +Deny/);
  });

  it('describes it, with its evidence and its Events', async () => {
    const events = async () => await succeeds('describe abn by-kubectl');
    await expect.poll(events, { timeout: 20_000, interval: 500 }).toMatch(/RecoveryProposed/);
    const text = await events();
    expect(text).toMatch(/Cause: +ParentDoesNotReap/);
    expect(text).toMatch(/Title: +Its zombies/);
    expect(text).toMatch(/Gate: +approval\n/);
    expect(text).toMatch(/Warning +Identified +\S+ +kdr-agent/);
    expect(text).toMatch(/Normal +RecoveryWaiting +\S+ +kdr-master +ApprovalRequired: kdr approve by-kubectl/);
  });

  it('explains the fields', async () => {
    expect(await succeeds('explain abnormal')).toContain('One fault, its state machine, its evidence, its repair.');
    const spec = await succeeds('explain abnormal.spec');
    expect(spec).toMatch(/fault\t<string> -required-\n\s+The symptom/);
    expect(spec).toMatch(/processReference\t<Object>\n\s+The process that is affected/);
    expect(spec).toMatch(/source\t<string> -required-\n\s+enum: PrometheusAlert, KubernetesEvent, /);
    expect(await succeeds('explain abn.status.recovery.grant.trace.verdict')).toMatch(/ENUM:\n +Allow\n +Deny\n +Wait\n/);
  });

  it('is refused an illegal transition of the phase, a change of the spec, and a phase that is over', async () => {
    const patch = (args: string[], body: object) =>
      scene.k(['patch', 'abn', 'by-kubectl', ...args, '--type=merge', '-p', JSON.stringify(body)]);
    const back = await patch(['--subresource=status'], { status: { phase: 'Diagnosing' } });
    expect([back.code, back.stderr]).toEqual([1, expect.stringMatching(/status\.phase: Invalid value: .*illegal transition of phase/)]);
    const spec = await patch([], { spec: { fault: 'Other' } });
    expect([spec.code, spec.stderr]).toEqual([1, expect.stringMatching(/spec\.fault: Invalid value: .*fault is immutable/)]);
    expect((await patch([], { spec: { cancel: true } })).code).toBe(0);
    const { status } = await scene.end('by-kubectl');
    expect(status).toMatchObject({ phase: 'Failed', reason: 'Cancelled' });
    const again = await patch(['--subresource=status'], { status: { phase: 'InformationCollecting' } });
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('status.phase')]);
    expect(culprit.isAlive()).toBe(true);
  });

  it('waits for an end, and deletes', async () => {
    await succeeds('create -f -', { ...manifest('to-approve'), spec: { ...manifest('x').spec, recoverers: ['process-kill'] } });
    await scene.until('to-approve', ({ status }) => status?.recovery?.grant?.decision === 'Waiting');
    expect((await scene.kdr(['deny', 'to-approve'])).code).toBe(0);
    expect(await succeeds('wait abn/to-approve --for=jsonpath={.status.phase}=Failed --timeout=15s')).toContain('condition met');
    expect(await succeeds('delete abn to-approve by-kubectl')).toContain('"to-approve" deleted');
    expect(await succeeds('get abn -o name')).toBe('');
  });
});
