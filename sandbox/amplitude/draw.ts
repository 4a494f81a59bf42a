import { createHash } from "node:crypto";

/**
 * Returns a number in [0, 1) that depends only on the seed and the parts. Neither the time nor earlier draws change it, so
 * that a seed repeats.
 */
export function draw(seed: string, ...parts: (string | number)[]): number {
  const digest = createHash("sha256").update(JSON.stringify([seed, ...parts]));
  return Number.parseInt(digest.digest("hex").slice(0, 12), 16) / 2 ** 48;
}
