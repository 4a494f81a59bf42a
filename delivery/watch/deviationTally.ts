import type { Deviation } from "../events/deviations";
import type { CountedDeviation } from "./snapshot";

/** So many ways are told apart; a row with made-up field names can't fill the memory. */
const MOST_WAYS = 500;

/** Counts ways to deviate, each with the first sample of it, in bounded memory. */
export class DeviationTally {
  readonly #ways = new Map<string, CountedDeviation>();

  add(deviation: Deviation): void {
    const key = `${deviation.field}\n${deviation.problem}`;
    const way = this.#ways.get(key);
    if (way !== undefined) way.count += 1;
    else if (this.#ways.size < MOST_WAYS) this.#ways.set(key, { ...deviation, count: 1 });
  }

  /** The commonest, at most `most`, in order. */
  commonest(most: number): CountedDeviation[] {
    return [...this.#ways.values()]
      .sort((a, b) => b.count - a.count)
      .slice(0, most)
      .map((way) => ({ ...way }));
  }
}
