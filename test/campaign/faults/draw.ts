import { createHash } from "node:crypto";

/**
 * Returns a number in [0, 1) that depends only on the seed and the parts. Neither the time nor earlier draws change it, so
 * that a seed repeats.
 */
export function draw(seed: string, ...parts: (string | number)[]): number {
  const digest = createHash("sha256").update(JSON.stringify([seed, ...parts]));
  return Number.parseInt(digest.digest("hex").slice(0, 12), 16) / 2 ** 48;
}

/** Returns an integer from `least` to `most`. */
export function drawWhole(least: number, most: number, seed: string, ...parts: (string | number)[]): number {
  return least + Math.floor(draw(seed, ...parts) * (most - least + 1));
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
