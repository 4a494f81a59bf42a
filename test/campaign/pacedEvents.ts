import type { EventSource, SourceEvent } from "../../delivery";
import type { Clock } from "../../delivery/common/clock";
import { draw, drawWhole } from "./faults/draw";

/** Longest pause between two groups of events, in ms: longer than what a batch waits for more. */
const LONGEST_PAUSE_MS = 300;

/** The bytes of every event: some small, some of one byte, some the same as another's. */
export function eventBytes(seed: string, events: number): Buffer[] {
  return Array.from({ length: events }, (_, index) => {
    const of = draw(seed, "same bytes", index) < 0.05 ? 0 : index;
    const length = drawWhole(1, 120, seed, "length", of);
    return Buffer.from(`${of}:é:${"x".repeat(length)}`.slice(0, length));
  });
}

/** The events in groups with pauses between them, so that they make several batches. */
export function pacedEvents(seed: string, bytes: Buffer[], clock: Clock): EventSource {
  async function* batches(): AsyncGenerator<SourceEvent[]> {
    for (const [index, event] of bytes.entries()) {
      if (index > 0 && draw(seed, "pause", index) < 0.12) {
        await clock.sleep(draw(seed, "pause", index, "ms") * LONGEST_PAUSE_MS);
      }
      yield [{ bytes: event, origin: `campaign:${index + 1}` }];
    }
  }
  return { expectedEvents: bytes.length, problems: [], problemCount: 0, batches };
}
