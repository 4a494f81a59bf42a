import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { writeWhole } from "./digits";
import { UUID_LENGTH, writeUuid } from "./eventIdentity";
import { type DrawnEvent, eventRow, sessionOf, timesOf } from "./generatedEvent";
import { writeTimestamp } from "./timestamp";

/** No event is longer, in bytes: the longest one has less than 2 KB. */
export const LONGEST_EVENT = 2_560;

/** Stands for an id that is written over. */
const NO_ID = "0".repeat(UUID_LENGTH);
const NO_EVENT = { eventNumber: 0, now: 0, $insert_id: NO_ID, uuid: NO_ID };

/** Members whose values change from event to event, and are always as long. */
const OF_FIXED_LENGTH = [
  "$insert_id",
  "client_event_time",
  "client_upload_time",
  "event_time",
  "processed_time",
  "server_received_time",
  "server_upload_time",
  "uuid",
] as const;

/** A piece of an event's JSON, and where in it the texts that change begin; -1 for those of other pieces. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly at: Record<(typeof OF_FIXED_LENGTH)[number], number>;
}

/**
 * Writes the events that differ in their ids, numbers and times alone: the bytes of one of them, and what changes over them.
 * That is less than a tenth of what `JSON.stringify` and UTF-8 cost.
 */
export class EventTemplate {
  readonly #upToEventId: Piece;
  readonly #upToSession: Piece;
  readonly #rest: Piece;

  constructor(private readonly drawn: DrawnEvent) {
    const pieces = new Pieces();
    for (const [name, value] of Object.entries(eventRow(drawn, NO_EVENT))) pieces.add(name, value);
    [this.#upToEventId, this.#upToSession, this.#rest] = pieces.cut();
  }

  /**
   * Writes the very bytes of `JSON.stringify(eventRow(…))`.
   *
   * @param random what the ids are drawn from: `$insert_id` first.
   * @param eventNumber from 0.
   * @param now the clock's time, in ms since 1970: a whole number.
   * @returns where it ends.
   */
  write(
    memory: Uint8Array,
    start: number,
    random: RandomGenerator,
    eventNumber: number,
    now: number,
  ): number {
    const { happened, received, stored, processed } = timesOf(this.drawn, now);
    const [first, second, third] = [this.#upToEventId, this.#upToSession, this.#rest];
    memory.set(first.bytes, start);
    writeUuid(memory, start + first.at.$insert_id, random, eventNumber);
    writeTimestamp(memory, start + first.at.client_event_time, happened);
    writeTimestamp(memory, start + first.at.client_upload_time, received);
    let end = writeWhole(memory, start + first.bytes.length, eventNumber + 1);
    memory.set(second.bytes, end);
    writeTimestamp(memory, end + second.at.event_time, happened);
    writeTimestamp(memory, end + second.at.processed_time, processed);
    writeTimestamp(memory, end + second.at.server_received_time, received);
    writeTimestamp(memory, end + second.at.server_upload_time, stored);
    end = writeWhole(memory, end + second.bytes.length, sessionOf(this.drawn, now));
    memory.set(third.bytes, end);
    writeUuid(memory, end + third.at.uuid, random, eventNumber);
    return end + third.bytes.length;
  }
}

/** Cuts a row's JSON at the numbers that change. */
class Pieces {
  readonly #pieces: Piece[] = [];
  #text = "{";
  /** In bytes. */
  #length = 1;
  #at: Record<string, number> = {};

  add(name: string, value: unknown): void {
    const isFirst = this.#pieces.length === 0 && this.#length === 1;
    this.#append(`${isFirst ? "" : ","}${JSON.stringify(name)}:`);
    // Of a text, where its first character is.
    this.#at[name] = this.#length + 1;
    if (name === "event_id" || name === "session_id") this.#end();
    else this.#append(JSON.stringify(value));
  }

  cut(): [Piece, Piece, Piece] {
    this.#append("}");
    this.#end();
    return this.#pieces as [Piece, Piece, Piece];
  }

  #append(text: string): void {
    this.#text += text;
    this.#length += Buffer.byteLength(text);
  }

  #end(): void {
    const at = OF_FIXED_LENGTH.map((name) => [name, this.#at[name] ?? -1]);
    this.#pieces.push({ bytes: Buffer.from(this.#text), at: Object.fromEntries(at) });
    [this.#text, this.#length, this.#at] = ["", 0, {}];
  }
}
