import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { messageOf, ReportError } from "../common/errors";
import { MAX_PARTS } from "../common/part";
import { isObject } from "../common/values";
import { type CustomerResult, type FleetReport, OUTCOMES } from "../fleet/report";
import type { DeliveryReport } from "../verify/report";

/** A report has four levels, and the sandbox's document five. */
const MAX_DEPTH = 16;
/** Lists and objects; a report has one per shard, finding and second of its timeline. JSON of more takes seconds to parse. */
const MAX_OBJECTS = 100_000;

const object = (properties: object) => ({ type: "object", properties, required: Object.keys(properties) });
const list = (items: object, maxItems?: number) => ({ type: "array", items, ...(maxItems && { maxItems }) });
const text = (maxLength: number) => ({ type: "string", maxLength });
const orNull = (schema: object) => ({ ...schema, nullable: true });
const NAME = text(2_048);
const SENTENCE = text(100_000);
const COUNT = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const SECONDS = { type: "number", minimum: 0, maximum: 1e9 };
const TIME = {
  type: "string",
  maxLength: 40,
  pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$",
};
const LATENCY = object({ p50: SECONDS, p95: SECONDS, p99: SECONDS, max: SECONDS });

const PART = object({
  index: { type: "integer", minimum: 0, maximum: MAX_PARTS - 1 },
  count: { type: "integer", minimum: 1, maximum: MAX_PARTS },
});
const FINDINGS = list(
  object({
    code: text(100),
    severity: { enum: ["error", "undetermined", "warning"] },
    message: SENTENCE,
    where: SENTENCE,
    remedy: SENTENCE,
  }),
  // Two of each part.
  2 * MAX_PARTS,
);

/** Returns fields that have the same schema. */
const each = <Name extends string>(schema: object, ...names: Name[]) =>
  Object.fromEntries(names.map((name) => [name, schema])) as Record<Name, object>;

const VERDICT = { enum: ["verified", "failed", "undecided"] };

/** Renderers rely on these types and limits. Further fields are allowed. */
const FIELDS: Record<keyof DeliveryReport, object> = {
  reportVersion: { const: 1 },
  verdict: VERDICT,
  route: { enum: ["role", "operator", "amplitude"] },
  ...each(NAME, "roleArn", "region", "streamName", "runId"),
  resumable: { type: "boolean" },
  resumedFrom: orNull(TIME),
  startedAt: TIME,
  durationInSeconds: SECONDS,
  ...each(COUNT, "eventsSent", "eventsAcknowledged", "eventsDelivered", "eventsNotDelivered"),
  ...each(COUNT, "eventsRefused", "eventsLost", "eventsUnanswered", "eventsCorrupted", "eventsDuplicated"),
  ...each(COUNT, "duplicatesUnexplained", "eventsSeenDespiteRefusal", "eventsUnknown", "recordsForeign"),
  // Reports of earlier versions don't have the fields with a default.
  part: orNull({ ...PART, default: null }),
  ...each({ ...COUNT, default: 0 }, "eventsSkipped", "filesSkipped", "recordsOfOtherParts"),
  deliveryRate: { type: "number", minimum: 0, maximum: 1 },
  ...each(orNull(LATENCY), "latencyInSeconds", "acknowledgementInSeconds"),
  latencyHistogram: orNull(text(400_000)),
  acknowledgementHistogram: orNull({ ...text(400_000), default: null }),
  timeline: object({
    bucketSeconds: { type: "integer", minimum: 1, maximum: 1e9 },
    buckets: list(object(each(COUNT, "sent", "acknowledged", "read")), 600),
  }),
  shards: list(object({ shardId: NAME, ...each(COUNT, "eventsAcknowledged", "recordsRead") })),
  findings: FINDINGS,
  proof: object(each(list(SENTENCE, 100), "proves", "notProven")),
  environment: object(each(NAME, "version", "nodeVersion", "platform")),
};

const OUTCOME = { enum: OUTCOMES };
const COMMAND = { enum: ["preview", "up", "check", "verify", "drift"] };

const CUSTOMER_FIELDS: Record<keyof CustomerResult, object> = {
  stack: NAME,
  command: COMMAND,
  outcome: OUTCOME,
  ...each(orNull(NAME), "accountId", "region", "log"),
  outputs: orNull(object(each(NAME, "roleArn", "region", "streamName"))),
  ...each(orNull(TIME), "startedAt", "verifiedAt"),
  durationInSeconds: SECONDS,
  steps: list(object({ name: NAME, durationInSeconds: SECONDS, succeeded: { type: "boolean" } }), 100),
  changes: orNull({ type: "object", additionalProperties: COUNT }),
  drift: orNull(
    list(object({ urn: NAME, change: { enum: ["update", "delete"] }, properties: list(NAME) }), 1_000),
  ),
  verdict: orNull({ enum: [...VERDICT.enum, null], type: "string" }),
  delivery: orNull(
    object({
      ...each(COUNT, "eventsSent", "eventsDelivered"),
      latencyInSeconds: orNull(object(each(SECONDS, "p50", "p95", "p99"))),
    }),
  ),
  findings: FINDINGS,
  ...each(orNull(SENTENCE), "cause", "remedy"),
  lastVerification: orNull(object({ verdict: VERDICT, verifiedAt: TIME })),
};

const FLEET_FIELDS: Record<keyof FleetReport, object> = {
  fleetReportVersion: { const: 1 },
  command: COMMAND,
  outcome: OUTCOME,
  project: NAME,
  run: orNull(NAME),
  startedAt: TIME,
  durationInSeconds: SECONDS,
  parts: list(PART, MAX_PARTS),
  findings: FINDINGS,
  customers: list(object(CUSTOMER_FIELDS)),
};

/** Returns a function that validates a value. It compiles the schema at its first use. */
function validator<Report>(fields: object) {
  let validate: ValidateFunction<Report> | undefined;
  return (value: unknown, reject: (problem: string) => Error): Report => {
    validate ??= new Ajv({ useDefaults: true }).compile<Report>(object(fields));
    if (validate(value)) return value;
    throw reject(describeError(validate.errors?.[0]));
  };
}

const validDelivery = validator<DeliveryReport>(FIELDS);
const validFleet = validator<FleetReport>(FLEET_FIELDS);

/**
 * Parses a report that `npx amplitude-kinesis verify --json` or `npm run -s sandbox -- --json` printed.
 *
 * @param name Name of the file, for the error.
 * @throws ReportError naming the first field that is wrong.
 */
export function parseReport(json: string, name: string): DeliveryReport {
  return deliveryFrom(parseObject(json, name), name);
}

/** Parses the report.json of `fleet`, like `parseReport`. */
export function parseFleetReport(json: string, name: string): FleetReport {
  return fleetFrom(parseObject(json, name), name);
}

/** Parses a report of `verify` or of `fleet`, like `parseReport`. */
export function parseAnyReport(json: string, name: string): DeliveryReport | FleetReport {
  const value = parseObject(json, name);
  return "fleetReportVersion" in value ? fleetFrom(value, name) : deliveryFrom(value, name);
}

function deliveryFrom(outer: Record<string, unknown>, name: string): DeliveryReport {
  const value = !("reportVersion" in outer) && isObject(outer.report) ? outer.report : outer;
  if (!("reportVersion" in value)) throw notAReport(name, "reportVersion is missing");
  if (value.reportVersion !== 1)
    throw notAReport(name, "reportVersion is not 1, the only version that this command can read");
  if ("eventsExported" in value)
    throw new ReportError(
      `${name} is a report of reconcile, which this command can't read. Run \`npx amplitude-kinesis reconcile\` with --report for other formats, and merge parts by their --part-file`,
    );
  return validDelivery(value, (problem) => notAReport(name, problem));
}

function fleetFrom(value: Record<string, unknown>, name: string): FleetReport {
  return validFleet(value, (problem) => notAReport(name, problem, FLEET_ORIGIN));
}

function parseObject(json: string, name: string): Record<string, unknown> {
  const problem = structureProblem(json);
  if (problem !== undefined) throw notAReport(name, problem);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw notAReport(name, `it is not JSON (${messageOf(cause)})`, RUN_ORIGIN, cause);
  }
  if (isObject(value)) return value;
  throw notAReport(name, "it must be a JSON object");
}

/** @returns Why the text is too complex to be parsed, without parsing it. Undefined if it isn't. */
function structureProblem(json: string): string | undefined {
  let depth = 0;
  let objects = 0;
  let isInString = false;
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index];
    if (character === '"') isInString = !isInString;
    else if (isInString) index += character === "\\" ? 1 : 0;
    else if (character === "{" || character === "[") {
      objects += 1;
      depth += 1;
    } else if (character === "}" || character === "]") depth -= 1;
    if (depth > MAX_DEPTH) return `it is nested more than ${MAX_DEPTH} levels deep`;
    if (objects > MAX_OBJECTS) return `it has more than ${MAX_OBJECTS} lists and objects`;
  }
  return undefined;
}

function describeError({ keyword, instancePath, params, message }: Partial<ErrorObject> = {}): string {
  const path = (instancePath ?? "").slice(1).replaceAll("/", ".");
  if (keyword === "required") return `${path === "" ? "" : `${path}.`}${params?.missingProperty} is missing`;
  const expected = keyword === "enum" ? `must be one of ${params?.allowedValues.join(", ")}` : message;
  return `${path} ${expected}`;
}

const RUN_ORIGIN = "what `npx amplitude-kinesis verify --json` printed, or the report.json of `--report`";
const FLEET_ORIGIN = "the report.json of `npx amplitude-kinesis fleet`";

function notAReport(name: string, problem: string, origin = RUN_ORIGIN, cause?: unknown): ReportError {
  return new ReportError(`${name} is not a report: ${problem}. Pass ${origin}`, { cause });
}
