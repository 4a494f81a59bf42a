import { timestamp } from "./project";
import { type ApiResponse, jsonResponse, refused } from "./responses";
import { RequestLimit } from "./throttle";

/** Behavior of the delivery metrics API. Undocumented behavior is configurable. */
export interface MetricsHabits {
  /** Status for a missing or malformed parameter. Undocumented. */
  invalidStatus: number;
  /** Status for a destination that doesn't exist. Undocumented. */
  unknownSyncStatus: number;
  /** Requests per minute; more get a 429. Documented: 12. */
  requestsPerMinute: number;
}

/** Source: Event Streaming Metrics Summary API, "Limits". The stand-in handles requests one by one, so none is concurrent. */
export const DOCUMENTED_METRICS: MetricsHabits = {
  invalidStatus: 400,
  unknownSyncStatus: 404,
  requestsPerMinute: 12,
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const PERIODS_MS: Record<string, number> = {
  TEN_MINUTES: 10 * MINUTE_MS,
  ONE_HOUR: HOUR_MS,
  FOUR_HOURS: 4 * HOUR_MS,
  ONE_DAY: DAY_MS,
  ONE_WEEK: 7 * DAY_MS,
  TWO_WEEKS: 14 * DAY_MS,
};
const PARAMETERS = new Set(["sync_id", "time_period", "start", "end"]);
/** The documented form is YYYY-MM-DDThh:mmTZD; its example has seconds. */
const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;
const RETENTION_MS = 90 * DAY_MS;
/** Older metrics are aggregated per hour. */
const MINUTES_FOR_MS = 4 * HOUR_MS;

/** Outcome of one row of a destination. */
export interface RowOutcome {
  /** Milliseconds since 1970-01-01 UTC. */
  at: number;
  kind: "delivered" | "expired" | "discarded";
  /** For a delivered row: its attempts, and the time since its reception in ms. */
  attempts?: number;
  latencyMs?: number;
}

interface Destination {
  syncId: string;
  outcomes: readonly RowOutcome[];
}

interface Period {
  start: number;
  /** Exclusive. */
  end: number;
}

/**
 * The Event Streaming Metrics Summary API. An outcome counts at the time at which it became known; Amplitude doesn't
 * document which time counts.
 */
export class MetricsApi {
  readonly #limit: RequestLimit;

  constructor(
    private readonly destinations: readonly Destination[],
    private readonly habits: MetricsHabits,
    private readonly now: () => number,
  ) {
    this.#limit = new RequestLimit(habits.requestsPerMinute);
  }

  respond(query: URLSearchParams): ApiResponse {
    const now = this.now();
    const { invalidStatus, unknownSyncStatus } = this.habits;
    if (!this.#limit.take(now)) return refused(429, "Too many requests");
    const unknown = [...query.keys()].filter((name) => !PARAMETERS.has(name));
    if (unknown.length > 0) return refused(invalidStatus, `Unknown parameter: ${unknown.join(", ")}`);
    const name = query.get("time_period") ?? "";
    const period = periodFrom(name, query, now);
    if (period === undefined) return refused(invalidStatus, "The time period is invalid");
    if (period.start < now - RETENTION_MS) return refused(500, "The time period is too old");
    const destination = this.destinations.find(({ syncId }) => syncId === query.get("sync_id"));
    if (destination === undefined) return refused(unknownSyncStatus, "Unknown sync_id");
    return jsonResponse(summary(name, aggregated(period, now), destination.outcomes));
  }
}

function periodFrom(name: string, query: URLSearchParams, now: number): Period | undefined {
  const length = Object.hasOwn(PERIODS_MS, name) ? PERIODS_MS[name] : undefined;
  if (length !== undefined) return { start: now - length, end: now };
  const [start, end] = [query.get("start") ?? "", query.get("end") ?? ""];
  if (name !== "CUSTOM" || !ISO_8601.test(start) || !ISO_8601.test(end)) return undefined;
  const period = { start: Date.parse(start), end: Date.parse(end) };
  return period.start < period.end ? period : undefined;
}

/** Widens a period to whole minutes, or to whole hours if only those are kept. */
function aggregated({ start, end }: Period, now: number): Period {
  const unitOf = (time: number) => (time < now - MINUTES_FOR_MS ? HOUR_MS : MINUTE_MS);
  return {
    start: Math.floor(start / unitOf(start)) * unitOf(start),
    end: Math.ceil(end / unitOf(end)) * unitOf(end),
  };
}

function summary(timePeriod: string, { start, end }: Period, outcomes: readonly RowOutcome[]): object {
  const within = outcomes.filter(({ at }) => at >= start && at < end);
  const count = (kind: RowOutcome["kind"]) => within.filter((outcome) => outcome.kind === kind).length;
  const delivered = within.filter(({ kind }) => kind === "delivered");
  const notDelivered = within.length - delivered.length;
  const latencies = delivered.map(({ latencyMs = 0 }) => latencyMs).sort((one, other) => one - other);
  const first = delivered.filter(({ attempts }) => attempts === 1).length;
  return {
    timePeriod,
    eventsDelivered: delivered.length,
    eventsNotDelivered: notDelivered,
    deliveryRate: within.length === 0 ? 0 : delivered.length / within.length,
    latencyInSeconds: (latencies[Math.ceil(latencies.length * 0.95) - 1] ?? 0) / 1000,
    timePeriodStart: timestamp(start),
    timePeriodEnd: timestamp(end),
    successOnFirstAttempt: first,
    successAfterRetry: delivered.length - first,
    eventsExpired: count("expired"),
    eventsDiscarded: count("discarded"),
  };
}
