import { type CopyTruth, DeliveryFaults } from "../../../sandbox/amplitude/deliveryFaults";
import { Project } from "../../../sandbox/amplitude/project";
import type { Json } from "../../../sandbox/amplitude/upload";
import { aggregated } from "../../delivery/events/aggregated";
import { draw, drawWhole } from "../faults/draw";
import type { MemoryKinesis } from "../memoryKinesis/memoryKinesis";
import { type Framing, HOUR_MS, MINUTE_MS, type ReconcileScenario } from "./scenario";

const APP = 100_011_471;
const OTHER_APP = 203_138;

/** An event that Amplitude received in the hours. */
export interface EventTruth {
  eventType: string;
  /** Epoch time in ms. */
  uploadedAt: number;
  hasIdentity: boolean;
  copies: CopyTruth[];
}

/** A row of the stream that matches no event of the export, or a record without rows. */
export interface StrangerTruth {
  kind: "otherProjects" | "otherHours" | "unexplained" | "foreign";
  eventType: string;
  /** Epoch time in ms of the event's reception. */
  uploadedAt: number;
  /** Epoch time in ms of the arrival in the stream. */
  writtenAt: number;
}

/** Both records of what happened, and the truth. */
export interface World {
  events: EventTruth[];
  strangers: StrangerTruth[];
  /** Rows of the export, with the time by which the Export API returns them. */
  exported: { row: string; uploadedAt: number }[];
  /** Receptions of the events whose row the export repeats. */
  repeatedAt: number[];
  writes: RecordWrite[];
}

/** A record that is written to the stream. */
export interface RecordWrite {
  /** Epoch time in ms. */
  at: number;
  partitionKey: string;
  data: Buffer;
}

/** A row on its way to the stream. */
interface RowWrite {
  at: number;
  text: string;
  /** Notes the record's arrival. */
  note: (at: number) => void;
  /** Whether a record holds nothing else. */
  isForeign?: boolean;
}

/** Creates both sides of a scenario. Rows that would arrive after the run's start never do. */
export function createWorld(scenario: ReconcileScenario): World {
  const world: World = { events: [], strangers: [], exported: [], repeatedAt: [], writes: [] };
  const rows = new Rows(scenario.seed, APP);
  const writes = [...eventWrites(scenario, rows, world), ...strangerWrites(scenario, rows, world)];
  const arriving = writes.filter(({ at }) => at < scenario.startedAt);
  world.writes = recordsOf(
    scenario,
    arriving.sort((one, other) => one.at - other.at),
  );
  return world;
}

/** Enters the events of the hours, and returns their copies. */
function eventWrites(scenario: ReconcileScenario, rows: Rows, world: World): RowWrite[] {
  const { seed, types, repeated } = scenario;
  const faults = new DeliveryFaults(scenario.faults);
  return Array.from({ length: scenario.events }, (_, number) => {
    const uploadedAt = timeIn(scenario, "upload", number);
    const eventType = types[drawWhole(0, types.length - 1, seed, "type", number)] ?? "";
    const row = rows.create(eventType, uploadedAt);
    const identity = identityOf(scenario, number);
    const text = (each: Json) => JSON.stringify(withIdentity(each, identity));
    const copies = faults.copiesOf(row);
    const truths = copies.map(({ truth }) => truth);
    world.events.push({ eventType, uploadedAt, hasIdentity: identity !== "none", copies: truths });
    world.exported.push({ row: text(row), uploadedAt });
    if (identity !== "none" && draw(seed, "repeated", number) < repeated) {
      world.exported.push({ row: text(row), uploadedAt });
      world.repeatedAt.push(uploadedAt);
    }
    const latency = drawWhole(100, 20_000, seed, "latency", number);
    return copies.map(
      (copy): RowWrite => ({
        at: uploadedAt + latency + copy.delayMs,
        text: text(copy.row),
        note: (at) => {
          copy.truth.writtenAt = at;
        },
      }),
    );
  }).flat();
}

/** Returns the rows and records that the export of the hours lacks. They are entered when they are written. */
function strangerWrites(scenario: ReconcileScenario, rows: Rows, world: World): RowWrite[] {
  const others = new Rows(`${scenario.seed} other`, OTHER_APP);
  return strangersOf(scenario).map((stranger, number): RowWrite => {
    const { kind, eventType, uploadedAt, writtenAt } = stranger;
    const row = JSON.stringify((kind === "otherProjects" ? others : rows).create(eventType, uploadedAt));
    if (kind === "otherHours") world.exported.push({ row, uploadedAt });
    return {
      at: writtenAt,
      text: kind === "foreign" ? (FOREIGN[number % FOREIGN.length] ?? "") : row,
      isForeign: kind === "foreign",
      note: (at) => {
        world.strangers.push({ ...stranger, writtenAt: at });
      },
    };
  });
}

const FOREIGN = ['{"order":1}', "not JSON", "{}", '{"temperature":21.5,"sensor":"a"}'];

function timeIn({ seed, from, hours }: ReconcileScenario, what: string, number: number): number {
  return from + Math.floor(draw(seed, what, number) * hours * HOUR_MS);
}

type Identity = "uuid" | "insert id" | "none";

function identityOf({ seed, withoutUuid, withoutIdentity }: ReconcileScenario, number: number): Identity {
  if (draw(seed, "without identity", number) < withoutIdentity) return "none";
  return draw(seed, "without uuid", number) < withoutUuid ? "insert id" : "uuid";
}

function withIdentity(row: Json, identity: Identity): Json {
  if (identity === "uuid") return row;
  const { uuid: _, ...rest } = row;
  return identity === "none" ? { ...rest, $insert_id: null } : rest;
}

/** Rows as a project makes them. */
class Rows {
  readonly #project: Project;
  #created = 0;

  constructor(
    private readonly seed: string,
    app: number,
  ) {
    this.#project = new Project({ app, newUuid: () => this.#uuid() });
  }

  create(eventType: string, receivedAt: number): Json {
    const user = drawWhole(0, 9, this.seed, "user", this.#created);
    const event = {
      event_type: eventType,
      user_id: `user-${user}`,
      user_properties: { paying: user % 2 === 0, plan: "gold", visits: user, tags: [user] },
      event_properties: { price: user + 0.25, text: 'a "quoted" 😀 text', uuid: "decoy" },
    };
    const [row] = this.#project.take(
      { events: [event], clientUploadTime: undefined },
      { path: "/2/httpapi", receivedAt },
    );
    return row ?? {};
  }

  #uuid(): string {
    this.#created += 1;
    const hex = Array.from({ length: 3 }, (_, part) =>
      Math.floor(draw(this.seed, "uuid", this.#created, part) * 2 ** 48)
        .toString(16)
        .padStart(12, "0"),
    ).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }
}

function strangersOf(scenario: ReconcileScenario): StrangerTruth[] {
  const { seed, from, hours, types, strangers } = scenario;
  return (Object.keys(strangers) as StrangerTruth["kind"][]).flatMap((kind) =>
    Array.from({ length: strangers[kind] }, (_, number) => {
      const within = timeIn(scenario, kind, number);
      const isLater = draw(seed, kind, "is later", number) < 0.5;
      const elsewhere = isLater ? from + hours * HOUR_MS + number * MINUTE_MS : from - (number + 1) * 1_000;
      const uploadedAt = kind === "otherHours" ? elsewhere : within;
      const eventType = types[drawWhole(0, types.length - 1, seed, kind, "type", number)] ?? "";
      const isLate = draw(seed, kind, "is late", number) < 0.2;
      const delayMs = drawWhole(100, isLate ? 10 * HOUR_MS : 20_000, seed, kind, "at", number);
      return { kind, eventType, uploadedAt, writtenAt: uploadedAt + delayMs };
    }),
  );
}

/** Puts rows into records, which arrive with their last row. */
function recordsOf({ seed, framings }: ReconcileScenario, rows: RowWrite[]): RecordWrite[] {
  const records: RecordWrite[] = [];
  for (let next = 0; next < rows.length; ) {
    const framing = framings[drawWhole(0, framings.length - 1, seed, "framing", next)] ?? "object";
    const wanted = framing === "object" ? 1 : drawWhole(2, 4, seed, "rows", next);
    const foreign = rows.findIndex(({ isForeign }, index) => index >= next && isForeign);
    const group = rows.slice(next, next + wanted);
    const whole =
      foreign === -1 || foreign >= next + wanted ? group : group.slice(0, Math.max(1, foreign - next));
    const at = Math.max(...whole.map((row) => row.at));
    for (const row of whole) row.note(at);
    records.push({
      at,
      partitionKey: String(draw(seed, "key", next)),
      data: framed(
        whole.length === 1 && framing !== "aggregated" ? "object" : framing,
        whole.map(({ text }) => text),
      ),
    });
    next += whole.length;
  }
  return records.sort((one, other) => one.at - other.at);
}

function framed(framing: Framing, texts: string[]): Buffer {
  if (framing === "aggregated") return aggregated(texts.map((text) => [text.slice(0, 20), text] as const));
  if (framing === "list") return Buffer.from(`[${texts.join(",")}]`);
  return Buffer.from(texts.join("\n"));
}

/** Writes the records at their times, and splits and merges shards in between. */
export async function fillStream(
  { seed, reshards }: ReconcileScenario,
  writes: RecordWrite[],
  kinesis: MemoryKinesis,
  streamName: string,
  setTime: (at: number) => void,
): Promise<void> {
  const steps = [
    ...writes.map((write) => ({ at: write.at, run: () => put(kinesis, streamName, write) })),
    ...reshards.map(({ at, kind }, number) => ({
      at,
      run: () => reshard(kinesis, streamName, kind, draw(seed, "reshard", number, "shard")),
    })),
  ].sort((one, other) => one.at - other.at);
  for (const { at, run } of steps) {
    setTime(at);
    await run();
  }
}

async function put(
  kinesis: MemoryKinesis,
  StreamName: string,
  { partitionKey, data }: RecordWrite,
): Promise<void> {
  const Records = [{ PartitionKey: partitionKey, Data: data.toString("base64") }];
  const { status, body } = await kinesis.call("PutRecords", { StreamName, Records });
  if (status !== 200) throw new Error(body.toString());
}

interface ListedShard {
  ShardId: string;
  HashKeyRange: { StartingHashKey: string; EndingHashKey: string };
  SequenceNumberRange: { EndingSequenceNumber?: string };
}

async function reshard(
  kinesis: MemoryKinesis,
  StreamName: string,
  kind: "split" | "merge",
  drawn: number,
): Promise<void> {
  const { body } = await kinesis.call("ListShards", { StreamName });
  const open = (JSON.parse(body.toString()).Shards as ListedShard[])
    .filter(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber === undefined)
    .sort((one, other) =>
      BigInt(one.HashKeyRange.StartingHashKey) < BigInt(other.HashKeyRange.StartingHashKey) ? -1 : 1,
    );
  const at = Math.floor(drawn * open.length);
  const [shard, next] = [open[at], open[at + 1]];
  if (shard === undefined) return;
  if (kind === "merge") {
    if (next !== undefined)
      await kinesis.call("MergeShards", {
        StreamName,
        ShardToMerge: shard.ShardId,
        AdjacentShardToMerge: next.ShardId,
      });
    return;
  }
  const { StartingHashKey: start, EndingHashKey: last } = shard.HashKeyRange;
  const middle = String((BigInt(start) + BigInt(last)) / 2n + 1n);
  await kinesis.call("SplitShard", { StreamName, ShardToSplit: shard.ShardId, NewStartingHashKey: middle });
}
