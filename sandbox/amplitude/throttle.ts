import type { Throttled } from "./responses";
import type { IngestedEvent } from "./upload";

export interface ThrottleLimits {
  /** Events per second of one user or device. */
  eventsPerSecond: number;
  /** Length of the window in which the rate is measured. */
  windowSeconds: number;
  /** Events of one user or device within a day. */
  eventsPerDay: number;
}

/** Sources: HTTP V2 API (30 events per second) and Batch Event Upload API (1,000 per second); 500,000 per day in both. */
export const HTTP_V2_RATES: ThrottleLimits = {
  eventsPerSecond: 30,
  windowSeconds: 30,
  eventsPerDay: 500_000,
};
export const BATCH_RATES: ThrottleLimits = { ...HTTP_V2_RATES, eventsPerSecond: 1_000 };

const DAY_SECONDS = 24 * 3600;

/** Limits the requests of one minute, whatever they ask for. */
export class RequestLimit {
  #taken: number[] = [];

  constructor(private readonly perMinute: number) {}

  /** Counts a request, or returns false if there were too many in the last minute. */
  take(now: number): boolean {
    this.#taken = this.#taken.filter((at) => at > now - 60_000);
    if (this.#taken.length >= this.perMinute) return false;
    this.#taken.push(now);
    return true;
  }
}

type Kind = "users" | "devices";

/** Counts events per user and device, except those of rejected uploads. */
export class Throttle {
  readonly #taken: Record<Kind, Map<string, { at: number; events: number }[]>> = {
    users: new Map(),
    devices: new Map(),
  };

  constructor(private readonly limits: ThrottleLimits) {}

  /** Counts the events, or returns whose rates are too high; the whole upload is then rejected. */
  take(events: IngestedEvent[], now: number): Throttled | undefined {
    const { eventsPerSecond, eventsPerDay, windowSeconds } = this.limits;
    const counts = { users: countBy(events, "user_id"), devices: countBy(events, "device_id") };
    const over = (kind: Kind, max: number, seconds: number, sumOf: (events: number) => number) =>
      Object.fromEntries(
        [...counts[kind]]
          .map(([id, added]) => [id, sumOf(this.#within(kind, id, now - seconds * 1000) + added)] as const)
          .filter(([, sum]) => sum > max),
      );
    const tooFast = (kind: Kind) =>
      over(kind, eventsPerSecond, windowSeconds, (sum) => Math.ceil(sum / windowSeconds));
    const overQuota = (kind: Kind) => over(kind, eventsPerDay, DAY_SECONDS, (sum) => sum);
    const [users, devices] = [tooFast("users"), tooFast("devices")];
    const [quotaUsers, quotaDevices] = [overQuota("users"), overQuota("devices")];
    if (Object.keys({ ...users, ...devices, ...quotaUsers, ...quotaDevices }).length === 0) {
      this.#remember("users", counts.users, now);
      this.#remember("devices", counts.devices, now);
      return undefined;
    }
    const throttled = events.flatMap(({ user_id: user = "", device_id: device = "" }, position) =>
      Object.hasOwn(users, user) || Object.hasOwn(devices, device) ? [position] : [],
    );
    return { epsThreshold: eventsPerSecond, users, devices, quotaUsers, quotaDevices, events: throttled };
  }

  #within(kind: Kind, id: string, since: number): number {
    const taken = this.#taken[kind].get(id) ?? [];
    return taken.reduce((sum, { at, events }) => (at > since ? sum + events : sum), 0);
  }

  #remember(kind: Kind, counts: Map<string, number>, now: number): void {
    for (const [id, events] of counts) {
      const recent = (this.#taken[kind].get(id) ?? []).filter(({ at }) => at > now - DAY_SECONDS * 1000);
      this.#taken[kind].set(id, [...recent, { at: now, events }]);
    }
  }
}

function countBy(events: IngestedEvent[], field: "user_id" | "device_id"): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { [field]: id } of events) if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
