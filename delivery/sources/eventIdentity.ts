import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

const HEX = Buffer.from("0123456789abcdef");
const uuid = Buffer.from("........-....-....-....-............");

/**
 * A version 4 UUID whose first 32 bits are a bijection of the event's number: two events of one run can't share it,
 * whatever the random bits are. The other 90 bits keep runs of different seeds apart.
 */
export function uniqueUuid(random: RandomGenerator, eventNumber: number): string {
  const first = scattered(eventNumber);
  const second = (random.next() & 0xffff0fff) | 0x4000;
  const third = (random.next() & 0x3fffffff) | 0x80000000;
  const fourth = random.next();
  write(first, 0, 8);
  write(second >>> 16, 9, 4);
  write(second, 14, 4);
  write(third >>> 16, 19, 4);
  write(third, 24, 4);
  write(fourth, 28, 8);
  return uuid.toString("latin1");
}

/** An odd factor and a shifted XOR are both invertible modulo 2^32, and so is their composition. */
function scattered(value: number): number {
  const multiplied = Math.imul(value + 1, 0x9e3779b1);
  return multiplied ^ (multiplied >>> 15);
}

/** The last digits of these bits. Into bytes, since a text pieced together has to be copied once more before it is used. */
function write(bits: number, at: number, digits: number): void {
  let rest = bits;
  for (let index = at + digits - 1; index >= at; index -= 1) {
    uuid[index] = HEX[rest & 15] as number;
    rest >>>= 4;
  }
}
