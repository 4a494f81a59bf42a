import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import type { JsonWriter } from "./json";

/**
 * A version 4 UUID whose first 32 bits are a bijection of the event's number: two events of one run can't share it,
 * whatever the random bits are. The other 90 bits keep runs of different seeds apart.
 */
export class EventUuid implements JsonWriter {
  readonly #words: readonly [number, number, number, number];

  constructor(random: RandomGenerator, eventNumber: number) {
    const second = (random.next() & 0xffff0fff) | 0x4000;
    const third = (random.next() & 0x3fffffff) | 0x80000000;
    this.#words = [scattered(eventNumber), second, third, random.next()];
  }

  write(memory: Buffer, at: number): number {
    const [first, second, third, fourth] = this.#words;
    memory[at] = QUOTE;
    writeHex(memory, at + 1, first >>> 16);
    writeHex(memory, at + 5, first);
    memory[at + 9] = HYPHEN;
    writeHex(memory, at + 10, second >>> 16);
    memory[at + 14] = HYPHEN;
    writeHex(memory, at + 15, second);
    memory[at + 19] = HYPHEN;
    writeHex(memory, at + 20, third >>> 16);
    memory[at + 24] = HYPHEN;
    writeHex(memory, at + 25, third);
    writeHex(memory, at + 29, fourth >>> 16);
    writeHex(memory, at + 33, fourth);
    memory[at + 37] = QUOTE;
    return at + 38;
  }

  toJSON(): string {
    const memory = Buffer.alloc(38);
    this.write(memory, 0);
    return memory.toString("latin1", 1, 37);
  }
}

const HEX = Buffer.from("0123456789abcdef");
const [QUOTE, HYPHEN] = [0x22, 0x2d];

/** An odd factor and a shifted XOR are both invertible modulo 2^32, and so is their composition. */
function scattered(value: number): number {
  const multiplied = Math.imul(value + 1, 0x9e3779b1);
  return multiplied ^ (multiplied >>> 15);
}

/** The last four digits of these bits. */
function writeHex(memory: Buffer, at: number, bits: number): void {
  memory[at] = HEX[(bits >>> 12) & 15] as number;
  memory[at + 1] = HEX[(bits >>> 8) & 15] as number;
  memory[at + 2] = HEX[(bits >>> 4) & 15] as number;
  memory[at + 3] = HEX[bits & 15] as number;
}
