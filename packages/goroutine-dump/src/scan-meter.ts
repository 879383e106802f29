/** Counts the characters that the passes look at and the limits they meet, so that a test can hold the work against the input. */
export class ScanMeter {
  scanned = 0;
  readonly limitsReached = new Set<string>();

  look(characters: number): void {
    this.scanned += characters;
  }

  limit(name: string): void {
    this.limitsReached.add(name);
  }
}
