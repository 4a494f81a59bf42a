import { expect } from "chai";
import { ChangeSignal } from "../../../delivery/kinesis/streamReader";
import { VirtualClock } from "../common/virtualClock";

describe("Waiting for a change", () => {
  it("ends for all at the next one, at the signal, or once the time is over, and leaves no timer", async () => {
    const clock = new VirtualClock();
    const changes = new ChangeSignal(clock);
    const both = [changes.wait(undefined, 1_000), changes.wait(undefined, 1_000)];
    changes.notify();
    await Promise.all(both);
    const controller = new AbortController();
    const waiting = changes.wait(controller.signal, 1_000);
    controller.abort();
    await waiting;
    expect([clock.sleeping, clock.now()]).to.deep.equal([0, new VirtualClock().now()]);
    await changes.wait(undefined, 1_000);
    expect(clock.now() - new VirtualClock().now()).to.equal(1_000);
  });

  it("does not begin after the signal", async () => {
    const clock = new VirtualClock();
    await new ChangeSignal(clock).wait(AbortSignal.abort(), 1_000);
    expect([clock.sleeping, clock.now()]).to.deep.equal([0, new VirtualClock().now()]);
  });
});
