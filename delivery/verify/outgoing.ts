import type { Clock } from "../common/clock";
import { SourceError } from "../common/errors";
import { KEY_BYTES, type RunKey } from "../common/runId";
import type { SourceEvent } from "../events/source";
import { awaitTurn, isAhead, type Pace } from "../kinesis/rateLimit";
import type { OutgoingRecord } from "../kinesis/record";
import type { Ledger } from "./ledger";

export interface OutgoingOptions {
  ledger: Ledger;
  key: RunKey;
  /** Default: as fast as they are taken. */
  pace?: Pace | undefined;
  /** Of an earlier process: events that are to be sent again. All others that it sent are passed over. */
  unsettled: ReadonlySet<number>;
  clock: Clock;
  signal: AbortSignal;
  onProgress: () => void;
}

/**
 * The source's events as records, each in the ledger before it is handed on.
 *
 * @param batches what the source gives at once.
 * @throws SourceError where the source is not the one that an earlier process of the run has sent from.
 */
export async function* outgoing(
  batches: AsyncIterable<readonly SourceEvent[]>,
  options: OutgoingOptions,
): AsyncGenerator<readonly OutgoingRecord[]> {
  const { ledger, pace, clock, signal, onProgress } = options;
  const sentBefore = ledger.size;
  let index = 0;
  for await (const events of batches) {
    let ready: OutgoingRecord[] = [];
    for (const event of events) {
      if (isToBeSent(index, event, options)) {
        const turn = pace?.turn(event.bytes.length + KEY_BYTES, clock.now());
        if (turn !== undefined && isAhead(turn, clock)) {
          if (ready.length > 0) yield ready;
          ready = [];
          await awaitTurn(turn, clock, signal);
        }
        ready.push(entered(index, event, turn?.dueAt, options));
      }
      index += 1;
    }
    if (ready.length > 0) yield ready;
    onProgress();
  }
  if (index < sentBefore) throw anotherSource(`it has ${index} event(s), the run has sent ${sentBefore}`);
}

/** An event that an earlier process sent, and ended, is passed over. */
function isToBeSent(index: number, event: SourceEvent, { ledger, unsettled }: OutgoingOptions): boolean {
  if (!ledger.isSent(index)) return true;
  if (!ledger.matches(index, event.bytes)) throw anotherSource(event.origin);
  return unsettled.has(index);
}

/** Its record, once it is in the ledger. */
function entered(
  index: number,
  { bytes }: SourceEvent,
  dueAt: number | undefined,
  { ledger, key }: OutgoingOptions,
): OutgoingRecord {
  if (!ledger.isSent(index)) ledger.put(index, bytes, dueAt);
  return { index, partitionKey: key.partitionKey(index), bytes };
}

function anotherSource(where: string): SourceError {
  return new SourceError(
    `These are not the events that the run began with (${where}): give it the same source, in the version that began it, or begin a new run`,
  );
}
