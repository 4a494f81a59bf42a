import { getEventListeners } from "node:events";
import { expect } from "chai";
import { startClock, systemClock } from "../../../delivery/common/clock";

const AN_HOUR = 3_600_000;

describe("The system's clock", () => {
  it("tells this machine's time", () => {
    const before = Date.now();
    expect(startClock().now()).to.be.within(before - 1, Date.now());
    expect(systemClock.now()).to.be.within(before - AN_HOUR, Date.now() + AN_HOUR);
  });

  it("moves on if the machine's clock is set back or ahead", async () => {
    const { now } = Date;
    for (const shift of [-AN_HOUR, AN_HOUR]) {
      const clock = startClock();
      const before = clock.now();
      try {
        Date.now = () => now() + shift;
        await clock.sleep(5);
        expect(clock.now() - before).to.be.within(4, 60_000);
      } finally {
        Date.now = now;
      }
    }
  });

  it("sleeps", async () => {
    const before = performance.now();
    await systemClock.sleep(5);
    expect(performance.now() - before).to.be.at.least(4);
  });

  it("wakes at once with the signal, and does not reject", async () => {
    const controller = new AbortController();
    const sleeping = systemClock.sleep(AN_HOUR, controller.signal);
    controller.abort(new Error("reason"));
    expect(await sleeping).to.equal(undefined);
  });

  it("leaves nothing at a signal that outlives the sleep", async () => {
    const { signal } = new AbortController();
    await systemClock.sleep(1, signal);
    expect(getEventListeners(signal, "abort")).to.deep.equal([]);
  });

  it("does not take a time that is too long for a timer for none", async () => {
    const controller = new AbortController();
    let isAwake = false;
    const sleeping = systemClock.sleep(2 ** 40, controller.signal).then(() => {
      isAwake = true;
    });
    await systemClock.sleep(5);
    expect(isAwake).to.equal(false);
    controller.abort();
    await sleeping;
  });

  it("does not sleep after the signal", async () => {
    expect(await systemClock.sleep(AN_HOUR, AbortSignal.abort())).to.equal(undefined);
  });
});
