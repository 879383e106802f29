import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePressure, readCgroupPressure, readMachinePressure, stallPercent } from './pressure.ts';
import { fixture } from './testing/fixture.ts';

describe('parsePressure', () => {
  it.each(['cpu', 'memory', 'io'])('reads the real %s pressure of a machine', (resource) => {
    const sample = parsePressure(fixture(`pressure/${resource}.txt`));
    expect(sample.some?.totalMicroseconds).toEqual(expect.any(Number));
    expect(sample.full?.avg300).toEqual(expect.any(Number));
  });

  it('reads irq, which has full only, and cpu of older kernels, which has some only', () => {
    expect(parsePressure('full avg10=0.10 avg60=0.02 avg300=0.00 total=7\n')).toEqual({
      full: { avg10: 0.1, avg60: 0.02, avg300: 0, totalMicroseconds: 7 },
    });
    expect(parsePressure('some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n').full).toBeUndefined();
  });

  it('refuses a text that is not pressure', () => {
    expect(() => parsePressure('hello')).toThrow('holds no line of pressure');
  });
});

describe('stallPercent', () => {
  const line = (totalMicroseconds: number) => ({ avg10: 0, avg60: 0, avg300: 0, totalMicroseconds });

  it('is the share of the time between two readings', () => {
    expect(stallPercent(line(1_000_000), line(1_150_000), 1_000_000)).toBe(15);
  });

  it('says nothing for no time or a counter that went back, and never more than all of the time', () => {
    expect(stallPercent(line(1), line(2), 0)).toBeUndefined();
    expect(stallPercent(line(2), line(1), 1000)).toBeUndefined();
    expect(stallPercent(line(0), line(1001), 1000)).toBe(100);
  });
});

describe('reading', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'kdr-pressure-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('gives a sample of this machine, or says that pressure is disabled', () => {
    expect(['Enabled', 'Disabled']).toContain(readMachinePressure('memory').state);
  });

  it('takes a cgroup without pressure files as disabled, not as an error', () => {
    expect(readCgroupPressure(directory, 'memory')).toMatchObject({
      state: 'Disabled',
      reason: expect.stringContaining('does not exist') as string,
    });
  });

  it('reads a cgroup that has them', () => {
    writeFileSync(join(directory, 'memory.pressure'), fixture('pressure/memory.txt'));
    expect(readCgroupPressure(directory, 'memory').state).toBe('Enabled');
  });
});
