import type { Clock } from "../../common/clock";
import { DOCUMENTED_P95_SECONDS, GRACE_MS } from "../../common/limits";
import type { StreamReader } from "../../kinesis/streamReader";
import type { Progress } from "../../sending/options";
import type { AmplitudeLedger } from "./ledger";

export interface ArrivalOptions {
  /** Under way. */
  reader: Pick<StreamReader, "waitFor" | "hasReadUpTo" | "stop">;
  /** Reads the stream from the run's start once more, for what the first reading did not find. */
  secondReader: () => Pick<StreamReader, "start" | "waitFor" | "hasReadUpTo" | "stop">;
  ledger: Pick<AmplitudeLedger, "outstanding" | "accepted">;
  areIdentifiesSeen: () => boolean;
  /** How long events are waited for. */
  timeoutMs: number;
  /** How long duplicates are looked out for once every event is there. */
  lingerMs: number;
  clock: Clock;
  signal: AbortSignal;
  /** Told of each step, and without one while nothing comes. */
  onStep: (step?: Pick<Progress, "phase" | "step">) => void;
}

export interface Arrivals {
  /** The stream was read to the end of the wait, and twice where events are missing. */
  isReadToEnd: boolean;
  /** From the call until nothing more was waited for. */
  waitedSeconds: number;
}

const SECOND_READING_MS = 60_000;
/** Between two signs of life while nothing comes. */
const PROGRESS_MS = 1_000;
/** How long events are waited for where Amplitude accepted none. */
const UNANSWERED_MS = 10_000;
/** How long identify calls alone are waited for: Amplitude's documented p95. */
const IDENTIFY_MS = DOCUMENTED_P95_SECONDS * 1000;

/**
 * Waits until every event that Amplitude may have taken is read, or for the timeout; an interrupted wait is ended in
 * order too: what is there is read.
 *
 * @throws StreamUnreadable
 */
export async function awaitArrivals(options: ArrivalOptions): Promise<Arrivals> {
  const { reader, ledger, lingerMs, timeoutMs, clock, signal, onStep } = options;
  const startedAt = clock.now();
  const deadline = startedAt + (ledger.accepted === 0 ? Math.min(timeoutMs, UNANSWERED_MS) : timeoutMs);
  onStep({ phase: "reading", step: "waiting for Amplitude to deliver" });
  const areAllHere = () => ledger.outstanding === 0;
  await waitFor(options, areAllHere, deadline);
  const waitedSeconds = (clock.now() - startedAt) / 1000;
  if (areAllHere())
    await waitFor(options, options.areIdentifiesSeen, Math.min(deadline, clock.now() + IDENTIFY_MS));
  const lingers = areAllHere() && !signal.aborted;
  const until = clock.now() + (lingers ? lingerMs : 0);
  const isUpTo = () => reader.hasReadUpTo(until);
  const isRead = await reader.waitFor(isUpTo, until + GRACE_MS, lingers ? signal : undefined);
  if (!isRead || areAllHere() || signal.aborted) return { isReadToEnd: isRead, waitedSeconds };
  // Two readings at once would take twice their share of the stream.
  await reader.stop();
  return { isReadToEnd: await lookAgain(options), waitedSeconds };
}

/** Until the condition, the deadline or the interruption. */
async function waitFor(
  { reader, clock, signal, onStep }: ArrivalOptions,
  condition: () => boolean,
  deadline: number,
): Promise<void> {
  while (!condition() && clock.now() < deadline && !signal.aborted) {
    await reader.waitFor(condition, Math.min(deadline, clock.now() + PROGRESS_MS), signal);
    onStep();
  }
}

async function lookAgain({ secondReader, ledger, clock, signal, onStep }: ArrivalOptions): Promise<boolean> {
  onStep({ phase: "looking again", step: "looking again for what is missing" });
  const since = clock.now();
  const reader = secondReader();
  const isDone = () => ledger.outstanding === 0 || reader.hasReadUpTo(since);
  try {
    void reader.start();
    return await reader.waitFor(isDone, since + SECOND_READING_MS, signal);
  } finally {
    await reader.stop();
  }
}
