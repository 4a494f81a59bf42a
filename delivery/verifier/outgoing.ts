import type { Clock } from "../clock";
import { SourceError } from "../errors";
import { awaitTurn, type Pace } from "../producer/pace";
import { type OutgoingRecord, recordSize } from "../producer/record";
import type { SourceEvent } from "../sources/source";
import type { Ledger } from "./ledger";
import type { Ordering } from "./ordering";
import type { RunKey } from "./runKey";

export interface OutgoingOptions {
  ledger: Ledger;
  key: RunKey;
  ordering?: Ordering | undefined;
  /** Default: as fast as they are taken. */
  pace?: Pace | undefined;
  /** Of an earlier process: events that are to be sent again. All others that it sent are passed over. */
  unsettled: ReadonlySet<number>;
  clock: Clock;
  signal: AbortSignal;
  onEvent: (isNew: boolean) => void;
}

/**
 * The source's events as records, each in the ledger before it is handed on.
 *
 * @throws SourceError where the source is not the one that an earlier process of the run has sent from.
 */
export async function* outgoing(
  events: AsyncIterable<SourceEvent>,
  options: OutgoingOptions,
): AsyncGenerator<OutgoingRecord> {
  const { ledger, unsettled, pace, clock, signal, onEvent } = options;
  const sentBefore = ledger.size;
  let index = 0;
  for await (const { bytes, origin } of events) {
    const isNew = !ledger.isSent(index);
    if (!isNew && !ledger.matches(index, bytes)) throw anotherSource(origin);
    if (isNew || unsettled.has(index)) {
      const record = recordOf(index, bytes, options);
      const turn = pace?.turn(recordSize(record), clock.now());
      if (turn !== undefined) await awaitTurn(turn, clock, signal);
      if (isNew) ledger.put(index, bytes, turn?.dueAt);
      yield record;
    }
    onEvent(isNew);
    index += 1;
  }
  if (index < sentBefore) throw anotherSource(`it has ${index} event(s), the run has sent ${sentBefore}`);
}

function recordOf(index: number, bytes: Buffer, { key, ordering }: OutgoingOptions): OutgoingRecord {
  const record = { index, partitionKey: key.partitionKey(index), bytes };
  return ordering === undefined ? record : { ...record, explicitHashKey: ordering.hashKeyOf(index) };
}

function anotherSource(where: string): SourceError {
  return new SourceError(
    `These are not the events that the run began with (${where}): give it the same source, or begin a new run`,
  );
}
