import { setImmediate as nextTurn } from "node:timers/promises";
import type { _Record as KinesisRecord } from "@aws-sdk/client-kinesis";
import type { EpochMs } from "../common/clock";
import { LatencyRecorder } from "../common/histogram";
import { isOfRun } from "../common/runId";
import { BoundedTally } from "../common/values";
import {
  type Deviation,
  detectKind,
  type EventKind,
  findDeviations,
  isCohortMessage,
  type Properties,
  parseTimestamp,
  redactName,
} from "../events/event";
import { DEFAULT_PROJECT_ID, isGenerated } from "../events/generator/generatedEvent";
import { deaggregate, type Framing, parseRecord, rowsIn } from "../events/recordContent";
import type { ShardRecords } from "../kinesis/shardReader";
import { RecentIds, RecentRate } from "./recent";
import type { ForeignKind, Project } from "./snapshot";

export interface ObserverOptions {
  startedAt: EpochMs;
  /** Empty if any project may write. */
  expectApps: readonly string[];
  includeTests: boolean;
  /** Minimum number of ids to remember. Default: 1,000,000, in 64 MiB. */
  idsRemembered?: number;
}

/** An observer's part of a snapshot. */
export type Observed = ReturnType<StreamObserver["observed"]>;

/** Event types that are counted separately. */
const MAX_EVENT_TYPES = 2_000;
const MAX_PROJECTS = 100;
/** Deviations that are counted separately, so that made-up field names can't fill the memory. */
const MAX_DEVIATIONS = 500;
/** Fields of a row beyond which its shape isn't compared, because a row can have a million made-up fields. */
const MAX_FIELDS = 500;
/** Bytes of a record beyond which it isn't parsed: it would hold up timers and signals. Amplitude's rows are far smaller. */
const MAX_PARSED_BYTES = 4 * 2 ** 20;
/** Longest time that records are counted without a pause, so that timers, signals and requests go on. */
const MAX_TURN_MS = 20;
/** Entries of each list in a snapshot. */
const MAX_SHOWN = 20;
const PROJECT_ID = /^\d{1,20}$/;
/** Stands for the project of rows without one. No id is empty. */
const NO_APP = "";

const TOO_MANY_FIELDS: Deviation = { field: "the row", problem: `has more than ${MAX_FIELDS} fields` };

/** Counts the content of records in constant memory. */
export class StreamObserver {
  readonly #expected: ReadonlySet<string>;
  readonly #rate: RecentRate;
  readonly #uuids: RecentIds;
  readonly #insertIds: RecentIds;
  readonly #types = new BoundedTally<{ name: string }>(MAX_EVENT_TYPES);
  readonly #projects = new BoundedTally<Omit<Project, "count">>(MAX_PROJECTS);
  readonly #latency = new LatencyRecorder();
  readonly #age = new LatencyRecorder();
  readonly #deviations = new BoundedTally<Deviation>(MAX_DEVIATIONS);
  readonly #identifyDeviations = new BoundedTally<Deviation>(MAX_DEVIATIONS);
  readonly #kinds: Record<EventKind, number> = { event: 0, identify: 0, groupIdentify: 0 };
  readonly #framings: Record<Framing, number> = { object: 0, list: 0, lines: 0 };
  readonly #foreign: Partial<Record<ForeignKind, number>> = {};
  readonly #records = { read: 0, bytes: 0, ofTests: 0, aggregated: 0, cohortMessages: 0 };
  readonly counts = {
    events: 0,
    eventsExpected: 0,
    eventsUnexpected: 0,
    eventsDuplicated: 0,
    insertIdsRepeated: 0,
    eventsDeviating: 0,
    identifiesDeviating: 0,
  };
  #isClosed = false;

  constructor(private readonly options: ObserverOptions) {
    const { idsRemembered = 1_000_000 } = options;
    this.#expected = new Set(options.expectApps);
    this.#rate = new RecentRate(options.startedAt);
    this.#uuids = new RecentIds(idsRemembered);
    this.#insertIds = new RecentIds(idsRemembered);
  }

  /** Counts records. Pauses every few milliseconds, whatever they hold. */
  async take(batch: ShardRecords): Promise<void> {
    let turnEndsAt = performance.now() + MAX_TURN_MS;
    for (const _ of this.steps(batch)) {
      if (performance.now() < turnEndsAt) continue;
      await nextTurn();
      if (this.#isClosed) return;
      turnEndsAt = performance.now() + MAX_TURN_MS;
    }
  }

  /** Counts records and yields after each part of them. */
  *steps({ records, repeated, receivedAt }: ShardRecords): Generator<void> {
    for (const record of records) {
      if (repeated?.has(record) && !this.#hasNewRow(record)) continue;
      const before = this.counts.events;
      yield* this.#takeRecord(record, receivedAt);
      this.#rate.add(this.counts.events - before, receivedAt);
    }
  }

  /** Stops counting, also in the middle of a record. */
  close(): void {
    this.#isClosed = true;
  }

  /** Returns what was counted so far, in the fields of a snapshot. */
  observed(now: EpochMs) {
    return {
      ...this.counts,
      eventsPerSecond: this.#rate.perSecond(now),
      lastMinute: this.#rate.lastMinute(now),
      kinds: { ...this.#kinds },
      eventTypes: this.#types.mostCommon(MAX_SHOWN),
      eventTypesOther: this.#types.others,
      projects: this.#projects.mostCommon(MAX_SHOWN),
      latencyInSeconds: this.#latency.summary() ?? null,
      ageInSeconds: this.#age.summary() ?? null,
      deviations: this.#deviations.mostCommon(MAX_SHOWN),
      identifyDeviations: this.#identifyDeviations.mostCommon(MAX_SHOWN),
      framings: { ...this.#framings },
      records: { ...this.#records, foreign: { ...this.#foreign } },
    };
  }

  /** Whether a record with a sequence number that was read before is another record. */
  #hasNewRow({ Data = new Uint8Array() }: KinesisRecord): boolean {
    const rows = Data.length > MAX_PARSED_BYTES ? [] : (rowsIn(Data) ?? []);
    return rows.some(({ uuid }) => typeof uuid === "string" && !this.#uuids.has(uuid));
  }

  *#takeRecord(record: KinesisRecord, receivedAt: EpochMs): Generator<void> {
    const { Data = new Uint8Array(), PartitionKey, ApproximateArrivalTimestamp } = record;
    const arrivedAt = ApproximateArrivalTimestamp?.getTime() ?? receivedAt;
    this.#records.read += 1;
    this.#records.bytes += Data.length;
    if (Data.length > MAX_PARSED_BYTES) {
      this.#countForeign("too-large");
      return;
    }
    const userRecords = deaggregate(Data);
    if (userRecords === undefined) {
      yield* this.#takeData(Data, PartitionKey, arrivedAt);
      return;
    }
    this.#records.aggregated += 1;
    // The package doesn't aggregate, so no key in an aggregated record makes it one of a test.
    for (const { data } of userRecords) yield* this.#takeData(data, undefined, arrivedAt);
  }

  *#takeData(data: Uint8Array, partitionKey: string | undefined, arrivedAt: EpochMs): Generator<void> {
    const content = parseRecord(data);
    yield;
    if ("unreadable" in content) {
      this.#countForeign(content.unreadable);
      return;
    }
    if (isOfRun(partitionKey) && content.objects.every((object) => this.#isOfTest(object))) {
      this.#records.ofTests += 1;
      if (!this.options.includeTests) return;
    }
    for (const object of content.objects) {
      const kind = detectKind(object);
      if (kind !== undefined) this.#takeRow(object, kind, content.framing, arrivedAt);
      else if (isCohortMessage(object)) this.#records.cohortMessages += 1;
      else this.#countForeign("not-amplitude");
      yield;
    }
  }

  /**
   * Whether an object can be a row that `verify` or `send` wrote. The partition key doesn't prove it, because Amplitude may
   * take the key from a value that its users choose. So a row of an unexpected project is never one of a test.
   */
  #isOfTest(object: Properties): boolean {
    if (detectKind(object) === undefined) return false;
    const isDefault = object.app === DEFAULT_PROJECT_ID && isGenerated(object);
    return isDefault || this.#expected.size === 0 || this.#expected.has(String(object.app));
  }

  #takeRow(row: Properties, kind: EventKind, framing: Framing, arrivedAt: EpochMs): void {
    this.counts.events += 1;
    this.#kinds[kind] += 1;
    this.#framings[framing] += 1;
    const name = typeOf(row, kind);
    this.#types.add(name, { name });
    const isRepeated = this.#countRepetitions(row);
    this.#countProject(row, isRepeated);
    this.#countTimes(row, arrivedAt);
    this.#countDeviations(row, kind);
  }

  /** Returns whether the row was delivered before. */
  #countRepetitions({ uuid, $insert_id, device_id }: Properties): boolean {
    const isRepeated = typeof uuid === "string" && this.#uuids.hasSeen(uuid);
    if (isRepeated) this.counts.eventsDuplicated += 1;
    const isKnown = typeof $insert_id === "string" && this.#insertIds.hasSeen(`${device_id}\n${$insert_id}`);
    if (isKnown && !isRepeated) this.counts.insertIdsRepeated += 1;
    return isRepeated;
  }

  #countProject({ app }: Properties, isRepeated: boolean): void {
    const id = typeof app === "number" || typeof app === "string" ? String(app) : NO_APP;
    const hasExpected = this.#expected.size > 0;
    const isExpected = !hasExpected || this.#expected.has(id);
    const shown = PROJECT_ID.test(id) ? id : redactName(id);
    this.#projects.add(shown, {
      app: shown === NO_APP ? null : shown,
      ...(hasExpected ? { expected: isExpected } : {}),
    });
    if (isExpected && !isRepeated) this.counts.eventsExpected += 1;
    // A row without a project can't be attributed to another one.
    if (!isExpected && id !== NO_APP) this.counts.eventsUnexpected += 1;
  }

  #countTimes(row: Properties, arrivedAt: EpochMs): void {
    const received = parseTimestamp(row.server_upload_time) ?? parseTimestamp(row.server_received_time);
    if (received !== undefined) this.#latency.record(arrivedAt - received);
    const happened = parseTimestamp(row.event_time);
    if (happened !== undefined) this.#age.record(arrivedAt - happened);
  }

  #countDeviations(row: Properties, kind: EventKind): void {
    const isComparable = Object.keys(row).length <= MAX_FIELDS;
    const deviations = isComparable ? findDeviations(row) : [TOO_MANY_FIELDS];
    if (deviations.length === 0) return;
    if (kind === "event") this.counts.eventsDeviating += 1;
    else this.counts.identifiesDeviating += 1;
    const tally = kind === "event" ? this.#deviations : this.#identifyDeviations;
    for (const deviation of deviations) tally.add(`${deviation.field}\n${deviation.problem}`, deviation);
  }

  #countForeign(kind: ForeignKind): void {
    this.#foreign[kind] = (this.#foreign[kind] ?? 0) + 1;
  }
}

function typeOf({ event_type, event_name }: Properties, kind: EventKind): string {
  if (kind === "identify") return "$identify";
  if (kind === "groupIdentify") return "$groupidentify";
  const type = event_type ?? event_name;
  return typeof type === "string" ? redactName(type) : "(not a string)";
}
