import { createHash, randomUUID } from "node:crypto";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { SettingsError } from "../errors";
import { MemoryPool } from "../memoryPool";
import { LONGEST_EVENT, writeEvent } from "./eventEncoder";
import { drawnEvent } from "./generatedEvent";
import type { EventMemory, EventSource, SourceEvent } from "./source";

const MOST_EVENTS = 1_000_000_000;

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
 * `uuid` or `$insert_id`. They are made as they are taken.
 *
 * @throws SettingsError where `events` is not a whole number from 1 to 1,000,000,000.
 */
export function generateEvents(options: GeneratorOptions): GeneratedSource {
  const { events, seed = randomUUID(), now = () => new Date() } = options;
  if (!Number.isInteger(events) || events < 1 || events > MOST_EVENTS) {
    throw new SettingsError(
      `The number of events to generate is ${events}: give a whole number from 1 to ${MOST_EVENTS.toLocaleString("en-US")}.`,
    );
  }
  return {
    expectedEvents: events,
    seed,
    problems: [],
    problemCount: 0,
    events: () => generated(events, seededRandom(seed), now),
    eventBatches: () => generatedBatches(events, seededRandom(seed), now),
  };
}

/** So many events come at once: what takes a fraction of a millisecond. */
const AT_ONCE = 50;

async function* generated(
  events: number,
  random: RandomGenerator,
  now: () => Date,
): AsyncGenerator<SourceEvent> {
  const workshop = new Workshop(random, now);
  for (let eventNumber = 0; eventNumber < events; eventNumber++)
    yield* workshop.eventsForGood(eventNumber, eventNumber + 1);
}

async function* generatedBatches(
  events: number,
  random: RandomGenerator,
  now: () => Date,
): AsyncGenerator<SourceEvent[]> {
  const workshop = new Workshop(random, now);
  for (let first = 0; first < events; first += AT_ONCE)
    yield workshop.events(first, Math.min(events, first + AT_ONCE));
}

/** Makes events in memory of its own, and gives them away together in another piece. */
class Workshop {
  readonly #memory = Buffer.allocUnsafeSlow(AT_ONCE * LONGEST_EVENT);
  readonly #pool = new MemoryPool();

  constructor(
    private readonly random: RandomGenerator,
    private readonly now: () => Date,
  ) {}

  /** From the event number `first` to the one before `end`, at most `AT_ONCE`, in memory that is used again once released. */
  events(first: number, end: number): SourceEvent[] {
    const ends = this.#make(first, end);
    const given = this.#pool.take(ends.at(-1) ?? 0);
    const memory = new SharedMemory(ends.length, () => this.#pool.giveBack(given));
    return this.#given(first, ends, given, memory);
  }

  /** The same in memory that is nobody else's. */
  eventsForGood(first: number, end: number): SourceEvent[] {
    const ends = this.#make(first, end);
    return this.#given(first, ends, Buffer.allocUnsafeSlow(ends.at(-1) ?? 0));
  }

  /** @returns where each of the events ends. */
  #make(first: number, end: number): number[] {
    const ends: number[] = [];
    let length = 0;
    for (let eventNumber = first; eventNumber < end; eventNumber++) {
      const drawn = drawnEvent(this.random, eventNumber, this.now().getTime());
      length = writeEvent(this.#memory, length, drawn);
      ends.push(length);
    }
    return ends;
  }

  #given(first: number, ends: number[], given: Buffer, memory?: EventMemory): SourceEvent[] {
    given.set(this.#memory.subarray(0, ends.at(-1)));
    return ends.map((to, offset) => ({
      bytes: given.subarray(ends[offset - 1] ?? 0, to),
      origin: `generator:${first + offset + 1}`,
      memory,
    }));
  }
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
function seededRandom(seed: number | string): RandomGenerator {
  const digest = createHash("sha256")
    .update(`${typeof seed}:${seed}`)
    .digest();
  return xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => digest.readInt32LE(offset)));
}
