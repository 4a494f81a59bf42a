import type { EventSource, SourceEvent } from "../../../delivery/events/source";

/** Reads a source event by event. */
export async function* eventsOf(source: EventSource): AsyncGenerator<SourceEvent> {
  for await (const batch of source.batches()) yield* batch;
}
