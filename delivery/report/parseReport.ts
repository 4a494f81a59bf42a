import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { messageOf, ReportError } from "../common/errors";
import { isObject } from "../common/values";
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

/** Renderers rely on these types and limits. Further fields are allowed. */
const FIELDS: Record<keyof DeliveryReport, object> = {
  reportVersion: { const: 1 },
  verdict: { enum: ["verified", "failed", "undecided"] },
  route: { enum: ["role", "operator", "amplitude"] },
  roleArn: NAME,
  region: NAME,
  streamName: NAME,
  runId: NAME,
  resumable: { type: "boolean" },
  resumedFrom: orNull(TIME),
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
  eventsSeenDespiteRefusal: COUNT,
  eventsUnknown: COUNT,
  // Reports of earlier versions don't have these two.
  eventsSkipped: { ...COUNT, default: 0 },
  filesSkipped: { ...COUNT, default: 0 },
  deliveryRate: { type: "number", minimum: 0, maximum: 1 },
  latencyInSeconds: orNull(LATENCY),
  acknowledgementInSeconds: orNull(LATENCY),
  latencyHistogram: orNull(text(400_000)),
  timeline: object({
    bucketSeconds: { type: "integer", minimum: 1, maximum: 1e9 },
    buckets: list(object({ sent: COUNT, acknowledged: COUNT, read: COUNT }), 600),
  }),
  recordsForeign: COUNT,
  shards: list(object({ shardId: NAME, eventsAcknowledged: COUNT, recordsRead: COUNT })),
  findings: list(
    object({
      code: text(100),
      severity: { enum: ["error", "undetermined", "warning"] },
      message: SENTENCE,
      where: SENTENCE,
      remedy: SENTENCE,
    }),
    1_000,
  ),
  proof: object({ proves: list(SENTENCE, 100), notProven: list(SENTENCE, 100) }),
  environment: object({ version: NAME, nodeVersion: NAME, platform: NAME }),
};

let validate: ValidateFunction<DeliveryReport> | undefined;

/**
 * Parses a report that `npx amplitude-kinesis verify --json` or `npm run -s sandbox -- --json` printed.
 *
 * @param name Name of the file, for the error.
 * @throws ReportError naming the first field that is wrong.
 */
export function parseReport(json: string, name: string): DeliveryReport {
  const problem = structureProblem(json);
  if (problem !== undefined) throw notAReport(name, problem);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw notAReport(name, `it is not JSON (${messageOf(cause)})`, cause);
  }
  if (isObject(value) && !("reportVersion" in value) && isObject(value.report)) value = value.report;
  if (!isObject(value)) throw notAReport(name, "it must be a JSON object");
  if (!("reportVersion" in value)) throw notAReport(name, "reportVersion is missing");
  if (value.reportVersion !== 1)
    throw notAReport(name, "reportVersion is not 1, the only version that this command can read");
  if ("eventsExported" in value)
    throw new ReportError(
      `${name} is a report of reconcile, which this command can't convert. Run \`npx amplitude-kinesis reconcile\` with --report`,
    );
  validate ??= new Ajv({ useDefaults: true }).compile<DeliveryReport>(object(FIELDS));
  if (validate(value)) return value;
  throw notAReport(name, describeError(validate.errors?.[0]));
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

function notAReport(name: string, problem: string, cause?: unknown): ReportError {
  return new ReportError(
    `${name} is not a report: ${problem}. Pass what \`npx amplitude-kinesis verify --json\` printed, or the report.json of \`--report\``,
    { cause },
  );
}
