/**
 * The sink's responses to a whole `verify` or `reconcile`. One shard per stream, or two in a stream such as `verify-two-x`,
 * return the records that were written to it, or in a stream such as `reconcile-same-10000-1767225600000` the rows of an export.
 */
import { readEvents } from "./events";
import { ExportedRows } from "./exportedRows";

interface StoredRecord {
  /** Its members `Data` and `PartitionKey`, as they were received. */
  members: string;
  /** Milliseconds since 1970. */
  arrivedAt: number;
}

/** Records that a reader has not passed yet. The others are dropped, because millions of records would not fit in memory. */
interface StoredStream {
  /** Position of the first record that is kept, from 0. */
  first: number;
  records: StoredRecord[];
}

const streams = new Map<string, StoredStream>();
const SHARD = "shardId-000000000000";
const SECOND_SHARD = "shardId-000000000001";
const MIDDLE = 2n ** 127n;
const shardsOf = (streamName: string) =>
  streamName.startsWith("verify-two-") ? [SHARD, SECOND_SHARD] : [SHARD];
/** Records per response. Kinesis returns up to 10 MiB or 10,000 records; this many of our events are somewhat less. */
const RECORDS_PER_READ = 4_000;
/** Kinesis's sequence numbers have 56 digits. */
const sequenceNumber = (position: number) => `49${String(position).padStart(54, "0")}`;
const STREAM = /"(?:StreamName|ShardIterator)":"((?:verify|reconcile)-[^"#]*)/;

/** Unread records at which a writer waits. A real stream accepts half of what it returns, but this one has no limits. */
const MAX_UNREAD = 100_000;
const waiting: (() => void)[] = [];

/** Resolves once there is room for a request's records. */
export async function waitForRoom(target: string): Promise<void> {
  if (!target.endsWith("PutRecords")) return;
  while ([...streams.values()].some(({ records }) => records.length >= MAX_UNREAD))
    await new Promise<void>((resolve) => waiting.push(resolve));
}

/** Whether a request belongs to a whole `verify` or `reconcile`. The stream's name precedes the records, or the body is short. */
export function isOfVerify(target: string, body: Buffer): boolean {
  return !/(Put|Get)Records$/.test(target) || STREAM.test(body.toString("latin1", 0, 200));
}

export function verifyResponse(target: string, body: Buffer): { status: number; body: Buffer } {
  const text = body.toString("latin1");
  if (target === "" && text.includes("GetCallerIdentity"))
    return { status: 200, body: Buffer.from(IDENTITY) };
  if (target === "") return { status: 403, body: Buffer.from(DENIED) };
  // The two operations with records are cheap, so that the sink doesn't slow down the clients that share its machine.
  if (target.endsWith("PutRecords")) return { status: 200, body: Buffer.from(putRecords(text)) };
  if (target.endsWith("GetRecords"))
    return { status: 200, body: Buffer.from(getRecords(JSON.parse(text).ShardIterator)) };
  const response = RESPONSES[target.split(".")[1] ?? ""]?.(JSON.parse(text)) ?? {};
  return { status: 200, body: Buffer.from(JSON.stringify(response)) };
}

const IDENTITY =
  "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/bench</Arn><UserId>AIDABENCH</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>";
const DENIED =
  "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not here</Message></Error></ErrorResponse>";

interface Input {
  StreamName: string;
  ShardId: string;
}

const RESPONSES: Record<string, ((input: Input) => object) | undefined> = {
  DescribeStreamSummary: ({ StreamName }) => ({
    StreamDescriptionSummary: {
      StreamName,
      StreamARN: `arn:aws:kinesis:us-east-1:111122223333:stream/${StreamName}`,
      StreamStatus: "ACTIVE",
      StreamModeDetails: { StreamMode: "PROVISIONED" },
      RetentionPeriodHours: 24,
      EncryptionType: "NONE",
      OpenShardCount: shardsOf(StreamName).length,
      EnhancedMonitoring: [],
      StreamCreationTimestamp: 1_767_225_600,
    },
  }),
  ListShards: ({ StreamName }) => {
    const shardIds = shardsOf(StreamName);
    const border = (shard: number) => (2n ** 128n * BigInt(shard)) / BigInt(shardIds.length);
    return {
      Shards: shardIds.map((ShardId, shard) => ({
        ShardId,
        HashKeyRange: {
          StartingHashKey: String(border(shard)),
          EndingHashKey: String(border(shard + 1) - 1n),
        },
        SequenceNumberRange: { StartingSequenceNumber: "1" },
      })),
    };
  },
  GetShardIterator: ({ StreamName, ShardId }) => ({
    ShardIterator: `${StreamName}${ShardId === SECOND_SHARD ? ".second" : ""}#0`,
  }),
};

/** Stores the records of a request as our client encodes it: the name, then records of data, key and perhaps a hash key. */
function putRecords(text: string): string {
  const [, streamName = ""] = /^\{"StreamName":"([^"]+)","Records":\[\{/.exec(text) ?? [];
  const entries = text.slice(text.indexOf("[{") + 2, -3).split("},{");
  const arrivedAt = Date.now();
  const acknowledged = entries.map((entry) => {
    const [members = "", hashKey] = entry.split(',"ExplicitHashKey":"');
    const isSecond = hashKey !== undefined && BigInt(hashKey.slice(0, -1)) >= MIDDLE;
    const name = isSecond && streamName.startsWith("verify-two-") ? `${streamName}.second` : streamName;
    const stored = streams.get(name) ?? { first: 0, records: [] };
    streams.set(name, stored);
    stored.records.push({ members, arrivedAt });
    const number = sequenceNumber(stored.first + stored.records.length);
    return `{"SequenceNumber":"${number}","ShardId":"${name === streamName ? SHARD : SECOND_SHARD}"}`;
  });
  return `{"FailedRecordCount":0,"Records":[${acknowledged.join()}]}`;
}

function getRecords(iterator: string): string {
  const [name = "", at = "0"] = iterator.split("#");
  const from = Number(at);
  if (name.startsWith("reconcile-")) return JSON.stringify(exportedRecords(name, from));
  const stored = streams.get(name) ?? { first: 0, records: [] };
  stored.records.splice(0, from - stored.first);
  stored.first = from;
  for (const resolve of waiting.splice(0)) resolve();
  const records = stored.records.slice(0, RECORDS_PER_READ);
  const next = from + records.length;
  const behind = Date.now() - (stored.records[records.length]?.arrivedAt ?? Date.now());
  const members = records.map(
    (record, index) =>
      `{"ApproximateArrivalTimestamp":${record.arrivedAt / 1000},${record.members},"SequenceNumber":"${sequenceNumber(from + index + 1)}"}`,
  );
  return `{"MillisBehindLatest":${behind},"NextShardIterator":"${name}#${next}","Records":[${members.join()}]}`;
}

const exportedRows = new Map<string, ExportedRows>();

/** Responds to GetRecords with the rows of an export from a position. Each arrives a second after its upload. */
function exportedRecords(name: string, from: number): object {
  const [, form = "", events = "", hour = ""] = name.split("-");
  const [, , , generatedFile = ""] = process.argv;
  const rows =
    exportedRows.get(name) ??
    new ExportedRows(readEvents(generatedFile), Number(hour), Number(events), form === "strings");
  exportedRows.set(name, rows);
  const end = Math.min(Number(events), from + RECORDS_PER_READ);
  return {
    MillisBehindLatest: end === Number(events) ? 0 : Date.now() - rows.uploadedAt(end) - 1_000,
    NextShardIterator: `${name}#${end}`,
    Records: Array.from({ length: end - from }, (_, index) => ({
      ApproximateArrivalTimestamp: rows.uploadedAt(from + index) / 1000 + 1,
      Data: Buffer.from(rows.row(from + index)).toString("base64"),
      PartitionKey: String(from + index),
      SequenceNumber: sequenceNumber(from + index + 1),
    })),
  };
}
