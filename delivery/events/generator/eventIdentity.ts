import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

/** Characters of a UUID. */
export const UUID_LENGTH = 36;

const HEX = Buffer.from("0123456789abcdef");
const HYPHEN = 0x2d;

/**
 * Writes a version 4 UUID whose first 32 bits are a bijection of the event's number: two events of one run can't share it,
 * whatever the random bits are. The other 90 bits keep runs of different seeds apart.
 */
export function writeUuid(
  memory: Uint8Array,
  at: number,
  random: RandomGenerator,
  eventNumber: number,
): void {
  const first = scattered(eventNumber);
  const second = (random.next() & 0xffff0fff) | 0x4000;
  const third = (random.next() & 0x3fffffff) | 0x80000000;
  const fourth = random.next();
  writeHex(memory, at, first >>> 16);
  writeHex(memory, at + 4, first);
  memory[at + 8] = HYPHEN;
  writeHex(memory, at + 9, second >>> 16);
  memory[at + 13] = HYPHEN;
  writeHex(memory, at + 14, second);
  memory[at + 18] = HYPHEN;
  writeHex(memory, at + 19, third >>> 16);
  memory[at + 23] = HYPHEN;
  writeHex(memory, at + 24, third);
  writeHex(memory, at + 28, fourth >>> 16);
  writeHex(memory, at + 32, fourth);
}

/** An odd factor and a shifted XOR are both invertible modulo 2^32, and so is their composition. */
function scattered(value: number): number {
  const multiplied = Math.imul(value + 1, 0x9e3779b1);
  return multiplied ^ (multiplied >>> 15);
}

/** The last four digits of these bits. */
function writeHex(memory: Uint8Array, at: number, bits: number): void {
  memory[at] = HEX[(bits >>> 12) & 15] as number;
  memory[at + 1] = HEX[(bits >>> 8) & 15] as number;
  memory[at + 2] = HEX[(bits >>> 4) & 15] as number;
  memory[at + 3] = HEX[bits & 15] as number;
}
