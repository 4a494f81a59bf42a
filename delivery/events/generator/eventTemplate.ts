import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import type { EpochMs } from "../../common/clock";
import { formatTimestamp } from "../event";
import { type DrawnEvent, PLACEHOLDER, rowTemplate, sessionOf } from "./generatedEvent";

/** Creates the events of one draw, which differ only in their ids, numbers and times. */
export class EventTemplate {
  /**
   * JSON between the placeholders. Each character stands for one byte of UTF-8: joining such texts and writing them out
   * costs a fraction of what text of two-byte characters costs.
   */
  readonly #parts: readonly string[];

  constructor(private readonly drawn: DrawnEvent) {
    const parts = JSON.stringify(rowTemplate(drawn)).split(JSON.stringify(PLACEHOLDER));
    this.#parts = parts.map((part) => Buffer.from(part).toString("latin1"));
  }

  /**
   * Returns the event's JSON in UTF-8.
   *
   * @param random Source of the ids: first `$insert_id`, then `uuid`.
   * @param eventNumber From 0.
   * @param now Time of the generator's clock, an integer.
   */
  createEvent(random: RandomGenerator, eventNumber: number, now: EpochMs): Buffer {
    const insertId = uuidFrom(random, eventNumber);
    const uuid = uuidFrom(random, eventNumber);
    const eventTime = now - this.drawn.agoMs;
    const receiptTime = eventTime + this.drawn.uploadMs;
    const happened = formatTimestamp(eventTime);
    const received = formatTimestamp(receiptTime);
    const stored = formatTimestamp(receiptTime + 3);
    const processed = formatTimestamp(receiptTime + 1_400);
    const session = sessionOf(this.drawn, now);
    const [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10] = this.#parts;
    const text =
      `${p0}"${insertId}"${p1}"${happened}"${p2}"${received}"${p3}${eventNumber + 1}${p4}"${happened}"${p5}"${processed}"` +
      `${p6}"${received}"${p7}"${stored}"${p8}${session}${p9}"${uuid}"${p10}`;
    return Buffer.from(text, "latin1");
  }
}

const uuidBytes = Buffer.alloc(16);

/**
 * Returns a version 4 UUID whose first 32 bits are a bijection of the event's number, so no two events of a run share it,
 * whatever the random bits are. The other 90 bits keep runs of different seeds apart.
 */
export function uuidFrom(random: RandomGenerator, eventNumber: number): string {
  uuidBytes.writeInt32BE(scatter(eventNumber), 0);
  uuidBytes.writeInt32BE((random.next() & 0xffff0fff) | 0x4000, 4);
  uuidBytes.writeInt32BE((random.next() & 0x3fffffff) | 0x80000000, 8);
  uuidBytes.writeInt32BE(random.next() | 0, 12);
  const hex = uuidBytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Spreads the bits of an event's number. An odd factor and a shifted XOR are both invertible modulo 2^32. */
function scatter(value: number): number {
  const multiplied = Math.imul(value + 1, 0x9e3779b1);
  return multiplied ^ (multiplied >>> 15);
}
