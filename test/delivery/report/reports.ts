import type { Finding, Severity } from "../../../delivery/common/findings";
import { LatencyRecorder } from "../../../delivery/common/histogram";
import type { DeliveryReport } from "../../../delivery/verify/report";

export const ACCOUNT = "111122223333";

export function latencies(ms: number[]): Pick<DeliveryReport, "latencyInSeconds" | "latencyHistogram"> {
  const recorder = new LatencyRecorder();
  for (const one of ms) recorder.record(one);
  return { latencyInSeconds: recorder.summary() ?? null, latencyHistogram: recorder.encoded() ?? null };
}

export const VERIFIED: DeliveryReport = {
  reportVersion: 1,
  verdict: "verified",
  route: "role",
  roleArn: `arn:aws:iam::${ACCOUNT}:role/writer`,
  region: "eu-central-1",
  streamName: "events",
  runId: "AAAAAAAAAAAA",
  part: null,
  resumable: false,
  resumedFrom: null,
  startedAt: "2026-01-05T00:00:00.000Z",
  durationInSeconds: 12.345,
  eventsSent: 1_000,
  eventsAcknowledged: 1_000,
  eventsDelivered: 1_000,
  eventsNotDelivered: 0,
  eventsRefused: 0,
  eventsLost: 0,
  eventsUnanswered: 0,
  eventsCorrupted: 0,
  eventsDuplicated: 0,
  duplicatesUnexplained: 0,
  eventsSeenDespiteRefusal: 0,
  eventsUnknown: 0,
  eventsSkipped: 0,
  filesSkipped: 0,
  deliveryRate: 1,
  ...latencies([120, 180, 250, 251, 400, 1_900]),
  acknowledgementInSeconds: { p50: 0.01, p95: 0.02, p99: 0.03, max: 0.04 },
  acknowledgementHistogram: null,
  timeline: {
    bucketSeconds: 1,
    buckets: [
      { sent: 600, acknowledged: 500, read: 0 },
      { sent: 400, acknowledged: 500, read: 1_000 },
    ],
  },
  recordsForeign: 7,
  recordsOfOtherParts: 0,
  shards: [
    { shardId: "shardId-000000000000", eventsAcknowledged: 400, recordsRead: 400 },
    { shardId: "shardId-000000000001", eventsAcknowledged: 600, recordsRead: 600 },
  ],
  findings: [],
  proof: { proves: ["events come back"], notProven: ["that Amplitude sends"] },
  environment: { version: "0.1.0", nodeVersion: "v24.1.0", platform: "linux x64" },
};

function finding(severity: Severity, number = 0): Finding {
  return {
    code: "events-refused",
    severity,
    message: `${number} events were rejected: AccessDenied for arn:aws:sts::${ACCOUNT}:assumed-role/writer`,
    where: `arn:aws:kinesis:eu-central-1:${ACCOUNT}:stream/events`,
    remedy: "Run `pulumi up --refresh` to restore the policy",
  };
}

export const FAILED: DeliveryReport = {
  ...VERIFIED,
  verdict: "failed",
  eventsDelivered: 900,
  eventsNotDelivered: 90,
  eventsRefused: 90,
  eventsCorrupted: 10,
  deliveryRate: 0.9,
  findings: [finding("warning"), finding("undetermined"), finding("error")],
  proof: { ...VERIFIED.proof, proves: [] },
};

/** A report of a run that sent nothing. */
export const EMPTY: DeliveryReport = {
  ...VERIFIED,
  verdict: "undecided",
  eventsSent: 0,
  eventsAcknowledged: 0,
  eventsDelivered: 0,
  deliveryRate: 0,
  latencyInSeconds: null,
  latencyHistogram: null,
  acknowledgementInSeconds: null,
  timeline: { bucketSeconds: 1, buckets: [] },
  shards: [],
  findings: [finding("undetermined")],
  proof: { proves: [], notProven: [] },
};

export const UNDECIDED: DeliveryReport = {
  ...VERIFIED,
  verdict: "undecided",
  resumable: true,
  resumedFrom: "2026-01-04T00:00:00.000Z",
  eventsDelivered: 990,
  eventsUnknown: 10,
  deliveryRate: 0.99,
  findings: [finding("undetermined")],
  proof: { ...VERIFIED.proof, proves: [] },
};

/** A report with very large lists and texts. */
export const HUGE: DeliveryReport = {
  ...FAILED,
  eventsSent: 123_456_789,
  ...latencies(Array.from({ length: 5_000 }, (_, index) => 5 + 1.0025 ** index)),
  timeline: {
    bucketSeconds: 16,
    buckets: Array.from({ length: 600 }, (_, index) => ({
      sent: 1_000 + (index % 37),
      acknowledged: 990 + (index % 31),
      read: index === 0 ? 0 : 980 + (index % 29),
    })),
  },
  shards: Array.from({ length: 10_000 }, (_, index) => ({
    shardId: `shardId-${String(index).padStart(12, "0")}`,
    eventsAcknowledged: 100,
    recordsRead: index === 9_876 ? 0 : 100,
  })),
  findings: Array.from({ length: 50 }, (_, index) =>
    finding((["warning", "undetermined", "error"] as const)[index % 3] ?? "error", index),
  ),
};

/** Returns the report with each free text replaced. */
export function withTexts(report: DeliveryReport, text: string): DeliveryReport {
  return {
    ...report,
    streamName: text,
    region: text,
    runId: text,
    shards: report.shards.map((shard) => ({ ...shard, shardId: text })),
    findings: report.findings.map((one) => ({ ...one, message: text, where: text, remedy: text })),
    proof: { proves: [text], notProven: [text] },
    environment: { version: text, nodeVersion: text, platform: text },
  };
}

/** Characters that end an element, an attribute, a code span or a table cell, mixed with ordinary ones. */
export const HOSTILE = [
  "<script>alert(1)</script>",
  "</style><img src=x onerror=alert(1)>",
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  "]]><![CDATA[",
  "<!--",
  "-->",
  "&lt;b&gt;&#60;b&#62;",
  "[link](http://evil.example)",
  "![image](http://evil.example/x.png)",
  "<http://evil.example>",
  "www.evil.example",
  "https://evil.example/?a=b",
  "@security-team",
  "a@evil.example",
  "#123",
  "| a | b |",
  "\\|",
  "``` `x` ```",
  "`<b>`",
  "**bold** _it_ ~~gone~~",
  "# heading",
  "1. one",
  "- item",
  "\n\n<b>x</b>\n\n",
  "\u0000\u0007\u001b[31m\u202e\ud800\uffff",
  "$x^2$",
];
