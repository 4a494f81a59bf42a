import { expect } from "chai";
import { BATCH_RATES, HTTP_V2_RATES, Throttle } from "../../../sandbox/amplitude/throttle";

describe("the rate limits of the stand-in for Amplitude", () => {
  const events = (count: number, ids: object) =>
    Array.from({ length: count }, () => ({ event_type: "A", ...ids }));

  it("are 30 events per second of one user over half a minute, and 1,000 of the batch API", () => {
    expect(new Throttle(HTTP_V2_RATES).take(events(900, { user_id: "user-1" }), 0)).to.equal(undefined);
    expect(new Throttle(HTTP_V2_RATES).take(events(901, { user_id: "user-1" }), 0)).to.deep.include({
      epsThreshold: 30,
      users: { "user-1": 31 },
      devices: {},
    });
    expect(new Throttle(BATCH_RATES).take(events(901, { user_id: "user-1" }), 0)).to.equal(undefined);
  });

  it("name the events that exceed the rate, and accept them later", () => {
    const throttle = new Throttle({ eventsPerSecond: 1, windowSeconds: 1, eventsPerDay: 100 });
    const fast = events(2, { device_id: "constructor" });
    const upload = [...events(1, { user_id: "user-1" }), ...fast];
    expect(throttle.take(upload, 0)).to.deep.include({ events: [1, 2], devices: { constructor: 2 } });
    expect(throttle.take(upload.slice(0, 2), 0)).to.equal(undefined);
    expect(throttle.take(upload.slice(0, 1), 500)?.users).to.deep.equal({ "user-1": 2 });
    expect(throttle.take(upload.slice(0, 1), 1_000)).to.equal(undefined);
  });

  it("include a quota per day", () => {
    const throttle = new Throttle({ eventsPerSecond: 100, windowSeconds: 1, eventsPerDay: 3 });
    expect(throttle.take(events(3, { user_id: "user-1" }), 0)).to.equal(undefined);
    const over = throttle.take(events(1, { user_id: "user-1" }), 10_000);
    expect(over).to.deep.include({ quotaUsers: { "user-1": 4 }, users: {} });
    expect(throttle.take(events(1, { user_id: "user-1" }), 24 * 3600 * 1000)).to.equal(undefined);
  });
});
