import { draw } from "../../../sandbox/amplitude/deliveryFaults";

export { draw };

/** Returns an integer from `least` to `most`. */
export function drawWhole(least: number, most: number, seed: string, ...parts: (string | number)[]): number {
  return least + Math.floor(draw(seed, ...parts) * (most - least + 1));
}

/** Returns a function that draws numbers in [0, 1), one after the other. */
export function randomOf(seed: string): () => number {
  let draws = 0;
  return () => {
    draws += 1;
    return draw(seed, "random", draws);
  };
}

/** Probability of each outcome, 0–1; together at most 1. */
export type Chances<Name extends string> = Partial<Record<Name, number>>;

/** Draws one of the outcomes, or none. */
export function drawOne<Name extends string>(
  chances: Chances<Name>,
  seed: string,
  ...parts: (string | number)[]
): Name | undefined {
  let left = draw(seed, ...parts);
  for (const name of Object.keys(chances) as Name[]) {
    left -= chances[name] ?? 0;
    if (left < 0) return name;
  }
  return undefined;
}
