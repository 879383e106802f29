import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecoveryAttempt } from '@kdr/api-types';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAttempts, parseJournal } from './journal-record.ts';
import type { JournalRecord } from './journal-record.ts';
import { openJournal } from './journal.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kdr-journal-'));
  path = join(directory, 'journal.jsonl');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const abnormal = { uid: 'u', namespace: 'n', name: 'a' };
const attempt = (id: string, more: Partial<RecoveryAttempt> = {}): RecoveryAttempt => ({
  id,
  proposalId: 'p',
  recoverer: 'r',
  target: { kind: 'Process' },
  intentAt: 't',
  ...more,
});
const ids = (open: { attempt: RecoveryAttempt }[]) => open.map(({ attempt }) => attempt.id);

describe('the journal', () => {
  it('knows after a restart which attempts have no end on record', async () => {
    const first = await openJournal(path);
    await Promise.all(['a', 'b', 'c'].map((id) => first.intent(abnormal, attempt(id))));
    await first.outcome(attempt('b', { outcome: 'Acted' }));
    await first.recorded('c');
    await first.close();
    const second = await openJournal(path);
    expect(second.open('u')).toMatchObject([{ attempt: { id: 'a' } }, { attempt: { id: 'b', outcome: 'Acted' } }]);
    expect(second.open('other')).toEqual([]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await second.close();
  });

  it('has the intent in the file when the promise resolves', async () => {
    const journal = await openJournal(path);
    await journal.intent(abnormal, attempt('a'));
    expect(ids([...openAttempts(parseJournal(readFileSync(path, 'utf8')).records).values()])).toEqual(['a']);
    await journal.close();
  });

  it('survives a cut at every byte: each whole record counts, the torn one does not, and new ones can be added', async () => {
    const writer = await openJournal(path);
    for (const id of ['a', 'b', 'c']) await writer.intent(abnormal, attempt(id));
    await writer.close();
    const whole = readFileSync(path);
    for (let length = 0; length <= whole.length; length += 7) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      const lines = whole.subarray(0, length).toString('utf8').split('\n').length - 1;
      const journal = await openJournal(path);
      expect(journal.open()).toHaveLength(lines);
      await journal.intent(abnormal, attempt('later'));
      await journal.close();
      expect(parseJournal(readFileSync(path, 'utf8')).records).toHaveLength(lines + 1);
    }
  });

  it('refuses a file that was broken in the middle, and says so', async () => {
    writeFileSync(path, 'not a record\n');
    appendFileSync(path, '{"type":"recorded","at":"t","attemptId":"a"}\n{"type":"recorded","at":"t","attemptId":"b"}\n');
    await expect(openJournal(path)).rejects.toMatchObject({ code: 'KDR_JOURNAL_BROKEN' });
  });

  it('reports a file that can not grow to the one who must not act, leaves no half line, and goes on when it can', async () => {
    // A real limit of the kernel (setrlimit(2), RLIMIT_FSIZE, 8 KiB), in a process of its own: a write beyond it fails with EFBIG.
    const script = `import { openJournal } from ${JSON.stringify(join(import.meta.dirname, 'journal.ts'))};
      const journal = await openJournal(${JSON.stringify(path)});
      const intent = (id, reason) => journal.intent({ uid: 'u', namespace: 'n', name: 'a' }, { id, reason });
      await intent('first', 'x'.repeat(4000));
      console.log(await intent('large', 'x'.repeat(9000)).catch((error) => error.code), journal.broken !== undefined);
      await intent('small', '');
      console.log(journal.broken, journal.open().map(({ attempt }) => attempt.id).join());`;
    const limited = `trap '' XFSZ; ulimit -f 8; exec ${process.execPath} --conditions=kdr-source --input-type=module -e "$SCRIPT"`;
    const out = execFileSync('bash', ['-c', limited], {
      cwd: import.meta.dirname,
      env: { ...process.env, SCRIPT: script },
      encoding: 'utf8',
    });
    expect(out).toBe('KDR_JOURNAL_BROKEN true\nundefined first,small\n');
    expect(parseJournal(readFileSync(path, 'utf8')).records).toHaveLength(2);
  });

  it('is compacted: it stays small and loses no open attempt', async () => {
    const journal = await openJournal(path, { compactBytes: 20_000 });
    await journal.intent(abnormal, attempt('kept'));
    for (let n = 0; n < 2_500; n += 1) await journal.recorded(`x${n}`);
    await journal.close();
    expect(parseJournal(readFileSync(path, 'utf8')).records.length).toBeLessThan(2_000);
    const again = await openJournal(path);
    expect(ids(again.open())).toEqual(['kept']);
    await again.close();
  });
});

describe('any history of records', () => {
  const id = fc.constantFrom('a', 'b', 'c');
  const record: fc.Arbitrary<JournalRecord> = fc.oneof(
    id.map((name): JournalRecord => ({ type: 'intent', at: 't', abnormal, attempt: attempt(name) })),
    id.map((name): JournalRecord => ({ type: 'outcome', at: 't', attemptId: name, attempt: attempt(name, { outcome: 'Acted' }) })),
    id.map((name): JournalRecord => ({ type: 'recorded', at: 't', attemptId: name })),
    id.map((name): JournalRecord => ({ type: 'intrusive', at: 't', abnormal, diagnoser: name, purpose: 'Diagnose' })),
  );
  it('is read back as it was written, and leaves open what has an intent and was not recorded since', () => {
    fc.assert(
      fc.property(fc.array(record), (records) => {
        const read = parseJournal(records.map((each) => `${JSON.stringify(each)}\n`).join(''));
        expect(read.records).toEqual(records);
        for (const name of ['a', 'b', 'c']) {
          const intent = records.findLastIndex((each) => each.type === 'intent' && each.attempt.id === name);
          const closed = records.findLastIndex((each) => each.type === 'recorded' && each.attemptId === name);
          expect(openAttempts(records).has(name)).toBe(intent > closed);
        }
      }),
    );
  });
});
