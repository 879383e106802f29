import { parseGoroutineDumps, type ParsedText } from '@kdr/goroutine-dump';
import { cycleEvidence, whichDump, type Evidence } from './evidence.ts';
import { judgeShimDump } from './judge-shim-dump.ts';
import { asSecondLook, newestPerProcess, type ProcessDumps } from './newest-dumps.ts';
import type { ShimVerdict } from './verdict.ts';

/** Id of the cause that this plugin knows. */
export const cause = 'ContainerdShimReaperDeadlock';

/** What the text shows. Has the shape of a diagnoser's answer, without a target: a text does not say which process it is by identity. */
export type GoroutineAnalysis =
  | {
      outcome: 'Identified';
      cause: string;
      title: string;
      severity: 'critical';
      confidence: 'high' | 'medium';
      evidence: Evidence[];
      recommendation: { action: string; recoverer?: string }[];
    }
  | { outcome: 'NotIdentified'; reason: string };

interface Judged {
  process: ProcessDumps;
  verdict: ShimVerdict;
}

/**
 * Looks for the reaper deadlock in a saved file or log of any kind. Every text gets an answer; one without the fault says what it
 * is instead. Of several dumps the newest of each process is judged; "N minutes" in it, or an earlier dump, is the second look.
 */
export function analyzeGoroutines(text: string): GoroutineAnalysis {
  const parsed = parseGoroutineDumps(text);
  if (parsed.dumps.length === 0)
    return { outcome: 'NotIdentified', reason: `No goroutine dump in it: ${parsed.description}.${hints(text, parsed)}` };
  const judged = newestPerProcess(parsed.dumps).map((process) => ({ process, verdict: judge(process) }));
  const deadlocked = judged.filter(({ verdict }) => verdict.verdict === 'Deadlocked');
  const worst = deadlocked.findLast(({ verdict }) => verdict.confidence === 'high') ?? deadlocked.at(-1);
  return worst ? identified(worst, judged, deadlocked.length) : notIdentified(text, parsed, judged);
}

function judge(process: ProcessDumps): ShimVerdict {
  const verdict = judgeShimDump(process.newest);
  if (verdict.seenInstead !== 'Unproven') return verdict;
  const looks = asSecondLook(process);
  const twice = looks && judgeShimDump(looks.first, { secondLook: looks.second });
  return twice?.verdict === 'Deadlocked' ? { ...twice, confidence: 'medium' } : verdict;
}

function identified({ process, verdict }: Judged, judged: readonly Judged[], deadlocked: number): GoroutineAnalysis {
  const { newest, count } = process;
  const evidence = [...cycleEvidence(verdict), { title: 'Which dump', detail: whichDump(newest, count) }];
  if (judged.length > 1)
    evidence.push({
      title: 'Others in the text',
      detail: `${judged.length} processes have dumps in it, ${deadlocked} of them deadlocked in the reaper`,
    });
  return {
    outcome: 'Identified',
    cause,
    title: `containerd shim${newest.pid === undefined ? '' : ` ${newest.pid}`} is deadlocked in its reaper (containerd PR 3529)`,
    severity: 'critical',
    confidence: verdict.confidence === 'high' ? 'high' : 'medium',
    evidence: [...evidence.slice(0, 14), { title: 'In one sentence', detail: verdict.reason }],
    recommendation: [
      {
        action:
          'Kill the shim with SIGKILL once its pod is past its deadline (SIGTERM is handled by the very loop that is stuck); containerd then cleans up.',
        recoverer: 'containerd-shim-kill',
      },
      { action: 'Upgrade containerd to 1.2.8 or later (fixed by PR 3540).' },
    ],
  };
}

const maxReasons = 3;
/** Bound of a reason in the plugin protocol. */
const maxReason = 1024;

function notIdentified(text: string, parsed: ParsedText, judged: readonly Judged[]): GoroutineAnalysis {
  const crash = parsed.kind === 'go-panic' ? `${parsed.description}. ` : '';
  const newestFirst = judged.toReversed();
  const reasons = newestFirst
    .slice(0, maxReasons)
    .map(({ process, verdict }) => `${verdict.reason} (${whichDump(process.newest, process.count)})`);
  const more = judged.length > maxReasons ? ` ${judged.length - maxReasons} more processes are not deadlocked either.` : '';
  return { outcome: 'NotIdentified', reason: `${crash}${reasons.join(' ')}${more}${hints(text, parsed)}`.slice(0, maxReason) };
}

function hints(text: string, parsed: ParsedText): string {
  // journalctl(1), -a: "Show all fields in full, even if they include unprintable characters or are very long".
  const withoutAll = /"MESSAGE" ?: ?null/.test(text)
    ? ' The journal was exported without -a, so messages over 4096 bytes are missing: journalctl -a -o json.'
    : '';
  const cut = parsed.truncated ? ` Only a part was read (${parsed.limitsReached.join(', ')}).` : '';
  return withoutAll + cut;
}
