/** Moments in order, for counting those of a window without a walk over all. */
export interface SortedTimes {
  add(time: number): void;
  remove(time: number): void;
  /** How many are later than `since`, and the earliest of those. */
  after(since: number): { count: number; earliest: number | undefined };
}

/** Moments mostly come in order, so adding one is an append. */
export function createSortedTimes(): SortedTimes {
  const times: number[] = [];
  /** Index of the first that is not earlier than `time`. */
  const lowerBound = (time: number): number => {
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((times[middle] ?? 0) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    add: (time) => {
      if (times.length === 0 || time >= (times[times.length - 1] ?? 0)) times.push(time);
      else times.splice(lowerBound(time), 0, time);
    },
    remove: (time) => {
      const index = lowerBound(time);
      if (times[index] === time) times.splice(index, 1);
    },
    after: (since) => {
      const index = lowerBound(since + 1);
      return { count: times.length - index, earliest: times[index] };
    },
  };
}
