import { finding } from "../../../delivery/common/findings";
import type { CustomerResult, FleetReport } from "../../../delivery/fleet/report";
import { worstOutcome } from "../../../delivery/fleet/report";
import { ACCOUNT } from "./reports";

const SUCCEEDED: CustomerResult = {
  stack: "acme",
  command: "up",
  outcome: "succeeded",
  accountId: ACCOUNT,
  region: "eu-central-1",
  outputs: { roleArn: `arn:aws:iam::${ACCOUNT}:role/acme`, region: "eu-central-1", streamName: "acme" },
  startedAt: "2026-01-05T00:00:00.000Z",
  durationInSeconds: 41.26,
  steps: [
    { name: "up", durationInSeconds: 22, succeeded: true },
    { name: "verify", durationInSeconds: 19, succeeded: true },
  ],
  changes: { create: 4, same: 1 },
  drift: null,
  verdict: "verified",
  verifiedAt: "2026-01-05T00:00:41.000Z",
  delivery: { eventsSent: 1_000, eventsDelivered: 1_000, latencyInSeconds: { p50: 0.2, p95: 0.4, p99: 0.9 } },
  findings: [],
  cause: null,
  remedy: null,
  log: "acme.log",
  lastVerification: null,
};

/** Returns a customer that succeeded, with changes. */
export function customer(stack: string, changes: Partial<CustomerResult> = {}): CustomerResult {
  return { ...SUCCEEDED, stack, log: `${stack}.log`, ...changes };
}

/** Returns a customer whose update failed. */
function failedCustomer(stack: string, changes: Partial<CustomerResult> = {}): CustomerResult {
  return customer(stack, {
    outcome: "failed",
    outputs: null,
    changes: null,
    verdict: null,
    verifiedAt: null,
    delivery: null,
    steps: [{ name: "up", durationInSeconds: 3, succeeded: false }],
    cause: `up failed: AccessDenied: arn:aws:iam::${ACCOUNT}:user/ops may not perform kinesis:CreateStream in account ${ACCOUNT}`,
    remedy: "Give the user the actions that `amplitude-kinesis operator-policy` prints",
    ...changes,
  });
}

/** Returns a customer that the run did not start. */
function waitingCustomer(stack: string): CustomerResult {
  return failedCustomer(stack, {
    outcome: "not-started",
    accountId: null,
    region: null,
    startedAt: null,
    durationInSeconds: 0,
    steps: [],
    cause: "the run ended after 3 failures",
    remedy: "Run it again with `--resume`",
    log: null,
  });
}

/** Returns the report of customers. */
export function fleetOf(customers: CustomerResult[], changes: Partial<FleetReport> = {}): FleetReport {
  return {
    fleetReportVersion: 1,
    command: "up",
    outcome: worstOutcome(customers.map(({ outcome }) => outcome)),
    project: "acme-fleet",
    run: null,
    startedAt: "2026-01-05T00:00:00.000Z",
    durationInSeconds: 312.5,
    parts: [],
    findings: [],
    customers,
    ...changes,
  };
}

const WARNING = (stack: string) =>
  finding.warning(
    "alarm-tells-nobody",
    `arn:aws:cloudwatch:eu-central-1:${ACCOUNT}:alarm:${stack}`,
    "The alarm has no action",
    `Set \`alarms.actionArns\` in Pulumi.${stack}.yaml`,
  );

export const GOOD = fleetOf([customer("acme"), customer("globex"), customer("initech")]);

export const MIXED = fleetOf(
  [
    customer("acme", { findings: [WARNING("acme")] }),
    customer("globex", { findings: [WARNING("globex")] }),
    failedCustomer("initech"),
    customer("umbrella", {
      outcome: "undecided",
      verdict: "undecided",
      cause: "verify: 12 of 1000 events were not read back within 120 s",
      remedy: "Run `amplitude-kinesis fleet verify --only umbrella`",
      delivery: { eventsSent: 1_000, eventsDelivered: 988, latencyInSeconds: { p50: 1, p95: 7, p99: 9 } },
    }),
    failedCustomer("wayne", { outcome: "interrupted", cause: "interrupted during up", remedy: null }),
    waitingCustomer("zorin"),
  ],
  { parts: [{ index: 1, count: 4 }], run: "build-7" },
);

export const DRIFTED = fleetOf(
  [
    customer("acme", { command: "drift", drift: [], changes: null, verdict: null, delivery: null }),
    failedCustomer("globex", {
      command: "drift",
      cause: "2 resources were changed by hand",
      remedy: "Run `pulumi up --refresh --stack globex` to restore them",
      drift: [
        {
          urn: "urn:pulumi:globex::acme-fleet::amplitude:kinesis:Destination$aws:kinesis/stream:Stream::globex-stream",
          change: "update",
          properties: ["retentionPeriod", "tags"],
        },
        {
          urn: "urn:pulumi:globex::acme-fleet::aws:iam/rolePolicy:RolePolicy::globex-write",
          change: "delete",
          properties: [],
        },
      ],
    }),
  ],
  { command: "drift" },
);

/** A fleet of this many customers, of which every seventh failed and every fifth has a warning. */
export function bigFleet(size: number): FleetReport {
  return fleetOf(
    Array.from({ length: size }, (_, index) => {
      const stack = `customer-${String(index).padStart(4, "0")}`;
      if (index % 7 === 3) return failedCustomer(stack);
      const p95 = 0.3 + (index % 11) / 5;
      return customer(stack, {
        accountId: String(100_000_000_000 + index * 7_919),
        findings: index % 5 === 0 ? [WARNING(stack)] : [],
        delivery: {
          eventsSent: 1_000,
          eventsDelivered: 1_000,
          latencyInSeconds: { p50: 0.2, p95, p99: p95 * 2 },
        },
      });
    }),
  );
}

/** Returns the report with each free text replaced. */
export function fleetWithTexts(report: FleetReport, text: string): FleetReport {
  return {
    ...report,
    project: text,
    run: text,
    findings: [finding.undetermined("interrupted", text, text, text)],
    customers: report.customers.map((each) => ({
      ...each,
      stack: text,
      accountId: text,
      region: text,
      cause: each.cause === null ? null : text,
      remedy: text,
      log: text,
      changes: { [text]: 1 },
      drift: [{ urn: text, change: "update", properties: [text] }],
      findings: [finding.warning("untagged", text, text, text)],
    })),
  };
}
