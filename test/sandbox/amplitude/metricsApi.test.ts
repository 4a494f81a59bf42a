import { expect } from "chai";
import { DOCUMENTED_METRICS, MetricsApi, type RowOutcome } from "../../../sandbox/amplitude/metricsApi";

const NOW = Date.UTC(2026, 0, 5, 9, 30, 30);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function api(outcomes: RowOutcome[]) {
  return new MetricsApi([{ syncId: "30001625", outcomes }], DOCUMENTED_METRICS, () => NOW);
}
const get = (outcomes: RowOutcome[], query: string) => {
  const { status, body } = api(outcomes).respond(new URLSearchParams(query));
  return { status, ...JSON.parse(String(body)) };
};
const delivered = (ageMs: number, attempts = 1, latencyMs = 1_000): RowOutcome => ({
  at: NOW - ageMs,
  kind: "delivered",
  attempts,
  latencyMs,
});

describe("the delivery metrics API of the stand-in for Amplitude", () => {
  it("returns the documented fields", () => {
    const outcomes: RowOutcome[] = [
      ...Array.from({ length: 18 }, () => delivered(MINUTE)),
      delivered(MINUTE, 2, 9_000),
      delivered(MINUTE, 3, 20_000),
      { at: NOW - MINUTE, kind: "expired" },
      ...Array.from({ length: 3 }, (): RowOutcome => ({ at: NOW - MINUTE, kind: "discarded" })),
      delivered(11 * MINUTE),
    ];
    expect(get(outcomes, "sync_id=30001625&time_period=TEN_MINUTES")).to.deep.equal({
      status: 200,
      timePeriod: "TEN_MINUTES",
      eventsDelivered: 20,
      eventsNotDelivered: 4,
      deliveryRate: 20 / 24,
      latencyInSeconds: 9,
      timePeriodStart: "2026-01-05 09:20:00.000000",
      timePeriodEnd: "2026-01-05 09:31:00.000000",
      successOnFirstAttempt: 18,
      successAfterRetry: 2,
      eventsExpired: 1,
      eventsDiscarded: 3,
    });
  });

  it("includes the start of a custom period, excludes its end, and reads their zones", () => {
    const at = (time: string): RowOutcome => ({ at: Date.parse(time), kind: "expired" });
    const outcomes = ["08:59:59.999", "09:00:00", "09:09:59.999", "09:10:00"].map((time) =>
      at(`2026-01-05T${time}Z`),
    );
    const query = new URLSearchParams({
      sync_id: "30001625",
      time_period: "CUSTOM",
      start: "2026-01-05T10:00:00+01:00",
      end: "2026-01-05T09:10:00Z",
    });
    expect(get(outcomes, String(query))).to.include({ eventsExpired: 2, timePeriod: "CUSTOM" });
  });

  it("widens what is older than four hours to whole hours", () => {
    const query = new URLSearchParams({
      sync_id: "30001625",
      time_period: "CUSTOM",
      start: "2026-01-05T03:20Z",
      end: "2026-01-05T03:30Z",
    });
    expect(get([], String(query))).to.include({
      timePeriodStart: "2026-01-05 03:00:00.000000",
      timePeriodEnd: "2026-01-05 04:00:00.000000",
    });
  });

  for (const [what, query, status] of [
    ["an unknown destination", "sync_id=1&time_period=ONE_HOUR", 404],
    ["no destination", "time_period=ONE_HOUR", 404],
    ["an unknown period", "sync_id=30001625&time_period=ONE_YEAR", 400],
    ["a custom period without its end", "sync_id=30001625&time_period=CUSTOM&start=2026-01-05T03:20Z", 400],
    [
      "a time without a zone",
      "sync_id=30001625&time_period=CUSTOM&start=2026-01-05T03:20&end=2026-01-05T03:30",
      400,
    ],
    ["another parameter", "sync_id=30001625&time_period=ONE_HOUR&group=1", 400],
    [
      "times older than 90 days",
      "sync_id=30001625&time_period=CUSTOM&start=2025-01-05T03:20Z&end=2025-01-05T03:30Z",
      500,
    ],
  ] as const) {
    it(`refuses ${what} with ${status}`, () => {
      expect(get([], query)).to.have.property("status", status);
    });
  }

  it("throttles the thirteenth request of a minute", () => {
    const metrics = api([delivered(HOUR)]);
    const statuses = Array.from({ length: 13 }, () =>
      metrics.respond(new URLSearchParams("sync_id=30001625&time_period=ONE_DAY")),
    ).map(({ status }) => status);
    expect(statuses).to.deep.equal([...Array(12).fill(200), 429]);
  });
});
