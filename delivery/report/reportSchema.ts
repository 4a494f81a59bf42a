import type { Finding, ShardReport } from "../common/findings";
import type { Latency } from "../common/histogram";
import type { TimelineBucket, TimelineReport } from "../common/timeline";
import type { DeliveryReport, Environment, Proof } from "../verify/report";

/** A JSON Schema of the object, each field of which is required; others are let be, as newer versions add them. */
function objectOf(properties: Record<string, object>) {
  return { type: "object", properties, required: Object.keys(properties) };
}

const TEXT = { type: "string", maxLength: 100_000 };
const NAME = { type: "string", minLength: 1, maxLength: 2_048 };
const TIME = { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$" };
const COUNT = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const SECONDS = { type: "number", minimum: 0, maximum: 1e10 };

const FINDING = objectOf({
  // Not only those of this version: a later one's report is shown too.
  code: NAME,
  severity: { enum: ["error", "undetermined", "warning"] },
  message: TEXT,
  where: TEXT,
  remedy: TEXT,
} satisfies Record<keyof Finding, object>);

const SHARD = objectOf({
  shardId: NAME,
  eventsAcknowledged: COUNT,
  recordsRead: COUNT,
} satisfies Record<keyof ShardReport, object>);

const LATENCY = objectOf({
  p50: SECONDS,
  p95: SECONDS,
  p99: SECONDS,
  max: SECONDS,
} satisfies Record<keyof Latency, object>);

const BUCKET = objectOf({
  sent: COUNT,
  acknowledged: COUNT,
  read: COUNT,
} satisfies Record<keyof TimelineBucket, object>);

const TIMELINE = objectOf({
  bucketSeconds: { type: "number", minimum: 1, maximum: 1e9 },
  buckets: { type: "array", maxItems: 600, items: BUCKET },
} satisfies Record<keyof TimelineReport, object>);

const SENTENCES = { type: "array", maxItems: 1_000, items: TEXT };
const PROOF = objectOf({ proves: SENTENCES, leavesOpen: SENTENCES } satisfies Record<keyof Proof, object>);

const ENVIRONMENT = objectOf({
  version: NAME,
  nodeVersion: NAME,
  platform: NAME,
} satisfies Record<keyof Environment, object>);

/** What of a report's fields the renderers rely on, as a JSON Schema (draft 7). */
export const REPORT_SCHEMA = objectOf({
  reportVersion: { const: 1 },
  verdict: { enum: ["verified", "failed", "undecided"] },
  route: NAME,
  roleArn: { type: "string", pattern: "^arn:", maxLength: 2_048 },
  region: NAME,
  streamName: NAME,
  runId: NAME,
  resumable: { type: "boolean" },
  resumedFrom: { ...TIME, type: ["string", "null"] },
  startedAt: TIME,
  durationInSeconds: SECONDS,
  eventsSent: COUNT,
  eventsAcknowledged: COUNT,
  eventsDelivered: COUNT,
  eventsNotDelivered: COUNT,
  eventsRefused: COUNT,
  eventsLost: COUNT,
  eventsUnanswered: COUNT,
  eventsCorrupted: COUNT,
  eventsDuplicated: COUNT,
  duplicatesUnexplained: COUNT,
  eventsSeenThoughRefused: COUNT,
  eventsUnknown: COUNT,
  deliveryRate: { type: "number", minimum: 0, maximum: 1 },
  latencyInSeconds: { ...LATENCY, type: ["object", "null"] },
  acknowledgementInSeconds: { ...LATENCY, type: ["object", "null"] },
  latencyHistogram: { type: ["string", "null"], maxLength: 2 ** 20 },
  timeline: TIMELINE,
  recordsForeign: COUNT,
  shards: { type: "array", maxItems: 1_000_000, items: SHARD },
  findings: { type: "array", maxItems: 10_000, items: FINDING },
  proof: PROOF,
  environment: ENVIRONMENT,
} satisfies Record<keyof DeliveryReport, object>);
