import { createHash } from "node:crypto";

/**
 * A number in [0, 1) that depends on the seed and the parts alone: neither the time nor what else was drawn before changes
 * it, so that a seed replays.
 */
export function draw(seed: string, ...parts: (string | number)[]): number {
  const digest = createHash("sha256").update(JSON.stringify([seed, ...parts]));
  return Number.parseInt(digest.digest("hex").slice(0, 12), 16) / 2 ** 48;
}

/** A whole number from `least` to `most`. */
export function drawWhole(least: number, most: number, seed: string, ...parts: (string | number)[]): number {
  return least + Math.floor(draw(seed, ...parts) * (most - least + 1));
}

/** How probable each of some things is, 0–1, together at most 1. */
export type Chances<Name extends string> = Partial<Record<Name, number>>;

/** One of the things, or none. */
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
