import type { EventSource, SourceEvent } from "../../delivery";
import type { Clock } from "../../delivery/common/clock";
import { draw, drawWhole } from "./faults/draw";

/** Maximum pause between two groups of events in ms, longer than a batch waits for more events. */
const MAX_PAUSE_MS = 300;

/** Returns the bytes of every event: some small, some of one byte, some identical to another's. */
export function eventBytes(seed: string, events: number): Buffer[] {
  return Array.from({ length: events }, (_, index) => {
    const of = draw(seed, "same bytes", index) < 0.05 ? 0 : index;
    const length = drawWhole(1, 120, seed, "length", of);
    return Buffer.from(`${of}:é:${"x".repeat(length)}`.slice(0, length));
  });
}

/** Yields the events in groups with pauses, so that they fill several batches. */
export function pacedEvents(seed: string, bytes: Buffer[], clock: Clock): EventSource {
  async function* batches(): AsyncGenerator<SourceEvent[]> {
    for (const [index, event] of bytes.entries()) {
      if (index > 0 && draw(seed, "pause", index) < 0.12) {
        await clock.sleep(draw(seed, "pause", index, "ms") * MAX_PAUSE_MS);
      }
      yield [{ bytes: event, origin: `campaign:${index + 1}` }];
    }
  }
  return { expectedEvents: bytes.length, problems: [], problemCount: 0, batches };
}
