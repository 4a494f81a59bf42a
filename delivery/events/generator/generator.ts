import { createHash, randomUUID } from "node:crypto";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import type { EpochMs } from "../../common/clock";
import { SettingsError } from "../../common/errors";
import { MAX_EVENTS } from "../../common/limits";
import { formatTimestamp } from "../event";
import type { EventSource, SourceEvent } from "../source";
import {
  DEFAULT_PROJECT_ID,
  type DrawnEvent,
  drawEvent,
  PLACEHOLDER,
  rowTemplate,
  sessionOf,
} from "./generatedEvent";

/** Options of `generateEvents`. */
export interface GeneratorOptions {
  /** Number of events: an integer from 1 to 1,000,000,000. */
  readonly events: number;
  /** Seed of the events: the same seed and the same clock give the same bytes. Default: a random one per source. */
  readonly seed?: number | string;
  /** Id of the Amplitude project (`app`) of the events: a positive integer. Default: 100011471. */
  readonly projectId?: number | undefined;
  /** Clock, read once per event: an event happened up to 7 s before. Default: the system's. */
  readonly now?: () => Date;
}

/** Generated events that can be generated again. */
export interface GeneratedSource extends EventSource {
  readonly expectedEvents: number;
  /** Pass this as `seed` to get these events again. */
  readonly seed: number | string;
}

/**
 * Generates events in the shape of Amplitude's Export API, about 1.75 KB each. They cover all fields, explicit nulls, every
 * width of UTF-8, `$identify` and `$groupidentify` rows, groups, `-1` for no session, and ids beyond 2^31. No two share a
 * `uuid` or an `$insert_id`. After 1,500 events the contents repeat, with other ids, numbers and times. Events are generated
 * as they are read.
 *
 * @throws SettingsError if `events` is not an integer from 1 to 1,000,000,000 or `projectId` no positive integer, or later, while events are read, if the clock
 * returns a time outside the years 1970 to 9999.
 */
export function generateEvents(options: GeneratorOptions): GeneratedSource {
  const { events, seed = randomUUID(), projectId = DEFAULT_PROJECT_ID, now = () => new Date() } = options;
  if (!Number.isInteger(events) || events < 1 || events > MAX_EVENTS) {
    throw new SettingsError(
      `The number of events to generate is ${events}: give an integer from 1 to ${MAX_EVENTS.toLocaleString("en-US")}.`,
    );
  }
  if (!Number.isSafeInteger(projectId) || projectId < 1)
    throw new SettingsError(`The project of generated events is ${projectId}: give a positive integer.`);
  return {
    expectedEvents: events,
    seed,
    problems: [],
    problemCount: 0,
    batches: () => generateBatches(new EventFactory(seed, projectId, now), events),
  };
}

/** Events per batch: creating them takes a fraction of a millisecond. */
const BATCH_EVENTS = 50;
/** Number of draws, after which they repeat: a multiple of 25, 10 and 6, the cycles of `drawEvent`. */
const DRAWN_EVENTS = 1_500;
/** Start of the year 10000, from which on timestamps have another form. */
const END_OF_TIME = Date.UTC(10_000);

async function* generateBatches(factory: EventFactory, events: number): AsyncGenerator<SourceEvent[]> {
  for (let first = 0; first < events; first += BATCH_EVENTS) {
    const length = Math.min(BATCH_EVENTS, events - first);
    yield Array.from({ length }, (_, index) => factory.createEvent(first + index));
  }
}

/** Creates events in the order of their numbers, from 0. */
class EventFactory {
  readonly #templates: EventTemplate[] = [];
  readonly #drawing: RandomGenerator;
  readonly #ids: RandomGenerator;

  constructor(
    seed: number | string,
    private readonly projectId: number,
    private readonly now: () => Date,
  ) {
    this.#drawing = seededRandom("events", seed);
    this.#ids = seededRandom("ids", seed);
  }

  createEvent(eventNumber: number): SourceEvent {
    const now = this.now().getTime();
    if (!(now >= 0 && now < END_OF_TIME))
      throw new SettingsError(
        `The clock of the generated events returned ${now} ms since 1970: give one of the years 1970 to 9999`,
      );
    const index = eventNumber % DRAWN_EVENTS;
    this.#templates[index] ??= new EventTemplate(drawEvent(this.#drawing, index), this.projectId);
    const bytes = this.#templates[index].createEvent(this.#ids, eventNumber, now);
    return { bytes, origin: `generator:${eventNumber + 1}` };
  }
}

/** Returns a generator whose 128 bits of state all come from the seed, so that seeds of any length stay apart. */
function seededRandom(purpose: string, seed: number | string): RandomGenerator {
  const digest = createHash("sha256")
    .update(`${purpose}:${typeof seed}:${seed}`)
    .digest();
  return xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => digest.readInt32LE(offset)));
}

/** Creates the events of one draw, which differ only in their ids, numbers and times. */
class EventTemplate {
  /**
   * JSON between the placeholders. Each character stands for one byte of UTF-8: joining such texts and writing them out
   * costs a fraction of what text of two-byte characters costs.
   */
  readonly #parts: readonly string[];

  constructor(
    private readonly drawn: DrawnEvent,
    projectId: number,
  ) {
    const parts = JSON.stringify(rowTemplate(drawn, projectId)).split(JSON.stringify(PLACEHOLDER));
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
