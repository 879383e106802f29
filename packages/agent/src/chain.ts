/** What one candidate said: found it; looked and said no; could not look; was not asked at all. */
export type Verdict<Found> = { said: 'found'; value: Found } | { said: 'no' | 'failed' | 'passedOver'; outcome: string; reason: string };

/** Who was asked and did not find it, in the order of the chain. */
export interface Refusal<Candidate> {
  candidate: Candidate;
  said: 'no' | 'failed' | 'passedOver';
  outcome: string;
  reason: string;
}

/** How a chain ended. `found` is absent where nobody recognised it, or where `mayGoOn` stopped it. */
export interface ChainEnd<Candidate, Found> {
  found?: { candidate: Candidate; value: Found };
  refusals: Refusal<Candidate>[];
}

/**
 * In order, the first that recognises it wins; nobody after it is asked. It has no logic of its own: it serves diagnosis and recovery (R12, R13).
 *
 * @param mayGoOn asked before each candidate; false ends the chain there.
 */
export async function firstThatRecognises<Candidate, Found>(
  candidates: readonly Candidate[],
  ask: (candidate: Candidate) => Promise<Verdict<Found>>,
  mayGoOn: () => boolean,
): Promise<ChainEnd<Candidate, Found>> {
  const refusals: Refusal<Candidate>[] = [];
  for (const candidate of candidates) {
    if (!mayGoOn()) break;
    const verdict = await ask(candidate);
    if (verdict.said === 'found') return { found: { candidate, value: verdict.value }, refusals };
    refusals.push({ candidate, ...verdict });
  }
  return { refusals };
}
