import { type Abnormal, API_VERSION, RESOURCES, SCOPE_LABEL } from '@kdr/api-types';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { diagnoserOf, recovererOf, testFault } from './testing/plugins.ts';
import { NODE, createWorld } from './testing/world.ts';
import type { World } from './testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

it('an Abnormal that has no node of its own is not shown to plugins that look at the node', async () => {
  const fault = testFault(world.victim());
  await world.plugins(diagnoserOf(fault), recovererOf(fault));
  await world.agent();
  const homeless = (name: string, diagnosers?: string[]): Abnormal => ({
    apiVersion: API_VERSION,
    kind: 'Abnormal',
    metadata: { name, namespace: 'default', labels: { [SCOPE_LABEL]: 'cluster' } },
    spec: { source: 'Custom', fault: 'PodUnschedulable', nodeName: NODE, podReference: { namespace: 'default', name: 'p' }, diagnosers },
  });
  await world.admin.create(RESOURCES.Abnormal, homeless('any'));
  await world.admin.create(RESOURCES.Abnormal, homeless('named', ['test-diagnoser']));
  expect((await world.finished('any')).status).toMatchObject({
    phase: 'Failed',
    reason: 'NotIdentified',
    message: expect.stringContaining('those of scope node were not asked') as string,
  });
  expect((await world.finished('named')).status).toMatchObject({ phase: 'Failed', diagnosisAttempts: [{ outcome: 'PassedOver' }] });
});
