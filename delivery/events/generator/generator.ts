import { createHash, randomUUID } from "node:crypto";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { SettingsError } from "../../common/errors";
import { MAX_EVENTS } from "../../common/limits";
import type { EventSource, SourceEvent } from "../source";
import { EventTemplate } from "./eventTemplate";
import { drawEvent } from "./generatedEvent";

/** Options of `generateEvents`. */
export interface GeneratorOptions {
  /** Number of events: an integer from 1 to 1,000,000,000. */
  readonly events: number;
  /** Seed of the events: the same seed and the same clock give the same bytes. Default: a random one per source. */
  readonly seed?: number | string;
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
 * @throws SettingsError if `events` is not an integer from 1 to 1,000,000,000, or later, while events are read, if the clock
 * returns a time outside the years 1970 to 9999.
 */
export function generateEvents(options: GeneratorOptions): GeneratedSource {
  const { events, seed = randomUUID(), now = () => new Date() } = options;
  if (!Number.isInteger(events) || events < 1 || events > MAX_EVENTS) {
    throw new SettingsError(
      `The number of events to generate is ${events}: give an integer from 1 to ${MAX_EVENTS.toLocaleString("en-US")}.`,
    );
  }
  return {
    expectedEvents: events,
    seed,
    problems: [],
    problemCount: 0,
    batches: () => generateBatches(new EventFactory(seed, now), events),
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
    this.#templates[index] ??= new EventTemplate(drawEvent(this.#drawing, index));
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
