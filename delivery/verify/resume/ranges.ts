/** Whole numbers as runs of neighbours, `[first, last]` each, in the order in which they came. */
export type Ranges = [first: number, last: number][];

export function toRanges(numbers: Iterable<number>): Ranges {
  const ranges: Ranges = [];
  let open: [number, number] | undefined;
  for (const number of numbers) {
    if (open !== undefined && number === open[1] + 1) open[1] = number;
    else {
      open = [number, number];
      ranges.push(open);
    }
  }
  return ranges;
}

export function* inRanges(ranges: Ranges): Generator<number> {
  for (const [first, last] of ranges) for (let number = first; number <= last; number += 1) yield number;
}
