import { setTimeout as sleep } from 'node:timers/promises';
import { FaultError } from './fault-error.ts';

/** Looks at `condition` every `intervalMs` (default 100) until it is true; false when `timeoutMs` pass first. */
export async function becomesTrue(condition: () => boolean | Promise<boolean>, timeoutMs: number, intervalMs = 100): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= end) return false;
    await sleep(intervalMs);
  }
}

/** As `becomesTrue`, but throws KDR_FAULTS_TIMEOUT naming `what`. */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  intervalMs = 100,
): Promise<void> {
  if (await becomesTrue(condition, timeoutMs, intervalMs)) return;
  throw new FaultError('KDR_FAULTS_TIMEOUT', `Waited ${timeoutMs} ms in vain until ${what}.`);
}
