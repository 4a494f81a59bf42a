import { createHash, randomUUID } from "node:crypto";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { SettingsError } from "../../common/errors";
import { MAX_EVENTS } from "../../common/limits";
import { MemoryPool } from "../../common/memoryPool";
import type { EventMemory, EventSource, SourceEvent } from "../source";
import { EventTemplate, LONGEST_EVENT } from "./eventTemplate";
import { drawnEvent } from "./generatedEvent";

/** What is to be made up. */
export interface GeneratorOptions {
  /** How many events: a whole number, 1 to 1,000,000,000. */
  readonly events: number;
  /** The same seed and the same clock give the same bytes. Default: a new one for every source. */
  readonly seed?: number | string;
  /** The clock, asked once per event: events lie up to 7 s before it. Default: the system's. */
  readonly now?: () => Date;
}

/** Made-up events that can be made again. */
export interface GeneratedSource extends EventSource {
  readonly expectedEvents: number;
  /** What to pass as `seed` to get these events again. */
  readonly seed: number | string;
}

/**
 * Made-up events in the shape of Amplitude's Export API, about 1.75 KB each: all its fields, explicit nulls, every
 * width of UTF-8, `$identify` and `$groupidentify` rows, groups, `-1` for no session, ids beyond 2^31. No two share
 * `uuid` or `$insert_id`. From the 1,501st event on the first 1,500 come again, with other ids, numbers and times. They are
 * made as they are taken.
 *
 * @throws SettingsError where `events` is not a whole number from 1 to 1,000,000,000; while they are taken, where the clock gives
 * no time of the years 1970 to 9999.
 */
export function generateEvents(options: GeneratorOptions): GeneratedSource {
  const { events, seed = randomUUID(), now = () => new Date() } = options;
  if (!Number.isInteger(events) || events < 1 || events > MAX_EVENTS) {
    throw new SettingsError(
      `The number of events to generate is ${events}: give a whole number from 1 to ${MAX_EVENTS.toLocaleString("en-US")}.`,
    );
  }
  return {
    expectedEvents: events,
    seed,
    problems: [],
    problemCount: 0,
    events: () => generated(new Workshop(seed, now), events),
    eventBatches: () => generatedBatches(new Workshop(seed, now), events),
  };
}

/** So many events come at once: what takes a fraction of a millisecond. */
const AT_ONCE = 50;
/** What was drawn for so many events serves the others too: a multiple of 25, 10 and 6, by which `drawnEvent` goes. */
const DRAWN = 1_500;
/** The first moment of the year 10000: from then on timestamps have another form. */
const END_OF_TIME = Date.UTC(10_000);

async function* generated(workshop: Workshop, events: number): AsyncGenerator<SourceEvent> {
  for (let eventNumber = 0; eventNumber < events; eventNumber++) yield workshop.eventForGood(eventNumber);
}

async function* generatedBatches(workshop: Workshop, events: number): AsyncGenerator<SourceEvent[]> {
  for (let first = 0; first < events; first += AT_ONCE)
    yield workshop.events(first, Math.min(events, first + AT_ONCE));
}

/** Makes events, in turn from number 0 on. */
class Workshop {
  readonly #templates: EventTemplate[] = [];
  readonly #drawing: RandomGenerator;
  readonly #ids: RandomGenerator;
  readonly #pool = new MemoryPool();

  constructor(
    seed: number | string,
    private readonly now: () => Date,
  ) {
    this.#drawing = seededRandom("events", seed);
    this.#ids = seededRandom("ids", seed);
  }

  /** From the event number `first` to the one before `end`, at most `AT_ONCE`, in memory that is used again once released. */
  events(first: number, end: number): SourceEvent[] {
    const shared = this.#pool.take(AT_ONCE * LONGEST_EVENT);
    const memory = new SharedMemory(end - first, () => this.#pool.giveBack(shared));
    const events: SourceEvent[] = [];
    let begin = 0;
    for (let eventNumber = first; eventNumber < end; eventNumber++) {
      const at = this.#write(shared, begin, eventNumber);
      events.push({ bytes: shared.subarray(begin, at), origin: originOf(eventNumber), memory });
      begin = at;
    }
    return events;
  }

  /** One event in memory that is nobody else's. */
  eventForGood(eventNumber: number): SourceEvent {
    const shared = this.#pool.take(LONGEST_EVENT);
    const bytes = Buffer.allocUnsafeSlow(this.#write(shared, 0, eventNumber));
    bytes.set(shared.subarray(0, bytes.length));
    this.#pool.giveBack(shared);
    return { bytes, origin: originOf(eventNumber) };
  }

  /** @returns where it ends. */
  #write(memory: Buffer, at: number, eventNumber: number): number {
    const now = this.now().getTime();
    if (!(now >= 0 && now < END_OF_TIME))
      throw new SettingsError(
        `The clock of the generated events says ${now} ms since 1970: give one of the years 1970 to 9999`,
      );
    const place = eventNumber % DRAWN;
    this.#templates[place] ??= new EventTemplate(drawnEvent(this.#drawing, place));
    return this.#templates[place].write(memory, at, this.#ids, eventNumber, now);
  }
}

function originOf(eventNumber: number): string {
  return `generator:${eventNumber + 1}`;
}

class SharedMemory implements EventMemory {
  constructor(
    private events: number,
    private readonly onReleased: () => void,
  ) {}

  release(): void {
    this.events -= 1;
    if (this.events === 0) this.onReleased();
  }
}

/** All 128 bits of the state come from the seed, so that seeds of any length stay apart. */
function seededRandom(what: string, seed: number | string): RandomGenerator {
  const digest = createHash("sha256")
    .update(`${what}:${typeof seed}:${seed}`)
    .digest();
  return xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => digest.readInt32LE(offset)));
}
