import type { Clock } from "../../common/clock";
import type { ShardReport } from "../../common/findings";
import { LatencyRecorder } from "../../common/histogram";
import { DOCUMENTED_P95_SECONDS, GRACE_MS } from "../../common/limits";
import type { RunKey } from "../../common/runId";
import type { Timeline } from "../../common/timeline";
import { rowsIn } from "../../events/recordContent";
import type { ShardRecords } from "../../kinesis/shardReader";
import type { StreamReader } from "../../kinesis/streamReader";
import type { Progress } from "../../sending/deployment";
import type { Row } from "./comparison";
import type { AmplitudeLedger } from "./ledger";
import { identifyId } from "./sender";

export interface ArrivalOptions {
  /** Reader that has been started. */
  reader: Pick<StreamReader, "waitFor" | "hasReadUpTo" | "stop">;
  /**
   * Creates a reader that reads the stream from the run's start again, for events that the first reading did not find.
   */
  secondReader: () => Pick<StreamReader, "start" | "waitFor" | "hasReadUpTo" | "stop">;
  ledger: Pick<AmplitudeLedger, "outstanding" | "accepted">;
  areIdentifiesSeen: () => boolean;
  /** Time to wait for events, in ms. */
  timeoutMs: number;
  /** Time to look for duplicates once every event has arrived, in ms. */
  lingerMs: number;
  clock: Clock;
  signal: AbortSignal;
  /** Callback for each step. It is called without a step while no event arrives. */
  onStep: (step?: Pick<Progress, "phase" | "step">) => void;
}

export interface Arrivals {
  /** Whether the stream was read to the end of the wait, and twice if events are missing. */
  isReadToEnd: boolean;
  /** Time from the call until nothing more was waited for, in seconds. */
  waitedSeconds: number;
}

const SECOND_READING_MS = 60_000;
/** Interval of progress reports while no event arrives. */
const PROGRESS_MS = 1_000;
/** Time to wait for events if Amplitude accepted none. */
const UNANSWERED_MS = 10_000;
/** Time to wait if only identify calls are missing: Amplitude's documented p95. */
const IDENTIFY_MS = DOCUMENTED_P95_SECONDS * 1000;

/**
 * Waits until every event that Amplitude may have accepted is read, or for the timeout. An interrupted wait also reads
 * the events that are already in the stream.
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

/** Waits until the condition holds, the deadline passes, or the run is interrupted. */
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

/** Number of rows by project id. */
type Apps = Map<unknown, number>;

/** Enters the run's rows into the ledger. Of foreign records, it reads only enough to say what they are. */
export class RowCollector {
  readonly latency = new LatencyRecorder();
  /** Number of records that contain the run's id, but no rows that can be read. */
  recordsNotUnderstood = 0;
  /** Number of records that do not belong to this run. */
  recordsForeign = 0;
  /** Number of foreign records that contain rows from Amplitude. */
  recordsForeignOfAmplitude = 0;
  /** Number of rows in those records by project id, for projects other than the expected one. */
  readonly unexpectedApps: Apps = new Map();
  readonly #recordsByShard = new Map<string, number>();
  readonly #identifiesSeen = new Set<string>();
  readonly #foundAgain = new Set<number>();

  constructor(
    private readonly ledger: AmplitudeLedger,
    private readonly key: RunKey,
    private readonly timeline: Timeline,
    private readonly expectApp: number | undefined,
  ) {}

  /** Number of identify calls of this run that arrived. */
  get identifiesSeen(): number {
    return this.#identifiesSeen.size;
  }

  /** Takes records of the first reading. A repeated record is entered only if it adds a row. */
  take({ shardId, records, repeated, receivedAt }: ShardRecords): void {
    for (const record of records) {
      const { Data = new Uint8Array() } = record;
      const isRepeated = repeated?.has(record) ?? false;
      const rows = this.#ownRows(Data);
      if (rows === undefined) {
        if (!isRepeated) this.#takeForeign(Data);
        continue;
      }
      const taken = isRepeated ? rows.filter((row) => this.#isNews(row)) : rows;
      if (!isRepeated || taken.length > 0)
        this.#recordsByShard.set(shardId, (this.#recordsByShard.get(shardId) ?? 0) + 1);
      for (const row of taken) this.#takeRow(row, receivedAt, rows.length);
    }
  }

  /** Takes records of the second reading. Only rows of events that the first reading missed are entered. */
  takeMissing({ records, repeated, receivedAt }: ShardRecords): void {
    for (const record of records) {
      const { Data = new Uint8Array() } = record;
      const rows = this.#ownRows(Data) ?? [];
      for (const row of rows) {
        const index = this.#indexOf(row);
        if (index === undefined || (repeated?.has(record) && !this.#isNews(row))) continue;
        if (!this.ledger.hasSeen(index)) this.#foundAgain.add(index);
        if (this.#foundAgain.has(index)) this.ledger.onRow(index, row, receivedAt, rows.length);
      }
    }
  }

  /** Whether the row is of an event of the run, and was not read yet. */
  #isNews(row: Row): boolean {
    const index = this.#indexOf(row);
    return index !== undefined && this.ledger.isNews(index, row);
  }

  /** Returns the shards that were read. The number of events that Amplitude wrote to each shard is unknown. */
  shards(shardIds: string[]): ShardReport[] {
    return [...shardIds].sort().map((shardId) => ({
      shardId,
      eventsAcknowledged: 0,
      recordsRead: this.#recordsByShard.get(shardId) ?? 0,
    }));
  }

  /** Returns undefined for a foreign record. Nobody can guess the run's id. */
  #ownRows(data: Uint8Array): Row[] | undefined {
    if (!view(data).includes(this.key.runId)) return undefined;
    const rows = rowsIn(data);
    if (rows === undefined) this.recordsNotUnderstood += 1;
    return rows ?? [];
  }

  #takeRow(row: Row, receivedAt: number, rowsInRecord: number): void {
    const index = this.#indexOf(row);
    if (index === undefined) {
      const insertId = String(row.$insert_id);
      if (insertId.startsWith(identifyId(this.key.runId, ""))) this.#identifiesSeen.add(insertId);
      return;
    }
    const isFirst = !this.ledger.hasSeen(index);
    const latencyMs = this.ledger.onRow(index, row, receivedAt, rowsInRecord);
    if (isFirst) this.timeline.count("read", receivedAt);
    if (latencyMs !== undefined) this.latency.record(latencyMs);
  }

  #takeForeign(data: Uint8Array): void {
    this.recordsForeign += 1;
    if (!view(data).includes('"$insert_id"')) return;
    this.recordsForeignOfAmplitude += 1;
    if (this.expectApp === undefined) return;
    for (const { app } of rowsIn(data) ?? [])
      if (app !== this.expectApp) this.unexpectedApps.set(app, (this.unexpectedApps.get(app) ?? 0) + 1);
  }

  #indexOf({ $insert_id: insertId }: Row): number | undefined {
    const index = typeof insertId === "string" ? this.key.indexOf(insertId) : undefined;
    return index !== undefined && index < this.ledger.size ? index : undefined;
  }
}

function view({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
