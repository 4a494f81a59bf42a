import type { ShardReport } from "../../common/findings";
import { LatencyRecorder } from "../../common/histogram";
import type { RunKey } from "../../common/runId";
import type { Timeline } from "../../common/timeline";
import { rowsIn } from "../../events/recordContent";
import type { ShardRecords } from "../../kinesis/shardReader";
import type { Row } from "./comparison";
import { identifyId } from "./identifyCalls";
import type { AmplitudeLedger } from "./ledger";

/** By the project's id. */
type Apps = Map<unknown, number>;

/** Enters the run's rows into the ledger, and looks at others' as far as is needed to say what they are. */
export class RowCollector {
  readonly latency = new LatencyRecorder();
  /** Records that hold the run's id, and no rows that can be read. */
  recordsNotUnderstood = 0;
  /** Records that are not of this run. */
  recordsForeign = 0;
  /** Of those, the ones with rows of Amplitude's. */
  recordsForeignOfAmplitude = 0;
  /** Of those, by project, the ones of other projects than the expected one. */
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

  /** How many identify calls of this run came. */
  get identifiesSeen(): number {
    return this.#identifiesSeen.size;
  }

  /** Takes records of the first reading. */
  take({ shardId, records, receivedAt }: ShardRecords): void {
    for (const { Data = new Uint8Array() } of records) {
      const rows = this.#ownRows(Data);
      if (rows === undefined) this.#takeForeign(Data);
      else {
        this.#recordsByShard.set(shardId, (this.#recordsByShard.get(shardId) ?? 0) + 1);
        for (const row of rows) this.#takeRow(row, receivedAt, rows.length);
      }
    }
  }

  /** Takes records of the second reading, of which only those of events that the first one missed are news. */
  takeMissing({ records, receivedAt }: ShardRecords): void {
    for (const { Data = new Uint8Array() } of records) {
      const rows = this.#ownRows(Data) ?? [];
      for (const row of rows) {
        const index = this.#indexOf(row);
        if (index === undefined) continue;
        if (!this.ledger.hasSeen(index)) this.#foundAgain.add(index);
        if (this.#foundAgain.has(index)) this.ledger.onRow(index, row, receivedAt, rows.length);
      }
    }
  }

  /** The shards that were read. What fell to which is not known of Amplitude's writing. */
  shards(shardIds: string[]): ShardReport[] {
    return [...shardIds].sort().map((shardId) => ({
      shardId,
      eventsAcknowledged: 0,
      recordsRead: this.#recordsByShard.get(shardId) ?? 0,
    }));
  }

  /** Nothing for a record of anyone else. Nobody can guess the run's id. */
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
