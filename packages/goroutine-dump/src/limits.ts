/** Upper bounds of one parse. */
export interface Limits {
  /** Of a longer text only the end is read: there the newest is. Characters; default 64 Mi. */
  maxCharacters: number;
  /** Of a text with more lines only the end is read. Default 2 million. */
  maxLines: number;
  /** Of more dumps the newest are kept. Default 64. */
  maxDumps: number;
  /** Goroutines over all dumps; further ones are left out. Default 200 000. */
  maxGoroutines: number;
  /** Frames of one goroutine (the runtime prints at most 100). Default 256. */
  maxFrames: number;
  /** A longer line of a dump is junk. Characters; default 16 Ki. */
  maxLineCharacters: number;
}

export const defaultLimits: Readonly<Limits> = {
  maxCharacters: 64 * 1024 * 1024,
  maxLines: 2_000_000,
  maxDumps: 64,
  maxGoroutines: 200_000,
  maxFrames: 256,
  maxLineCharacters: 16 * 1024,
};
