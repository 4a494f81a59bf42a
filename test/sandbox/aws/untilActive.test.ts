import { expect } from "chai";
import { untilActive } from "./untilActive";

describe("waiting for a stream", () => {
  let time: number;
  const timer = {
    now: () => time,
    sleep: async (ms: number) => {
      time += ms;
    },
  };
  beforeEach(() => {
    time = 0;
  });

  it("polls every 50 ms until it is active", async () => {
    const statuses = ["CREATING", "CREATING", "ACTIVE"];
    await untilActive(async () => statuses.shift(), timer);
    expect(statuses).to.deep.equal([]);
    expect(time).to.equal(100);
  });

  it("gives up after 30 s, and reports the status", async () => {
    const failure = await untilActive(async () => "CREATING", timer).catch(String);
    expect(failure).to.include("within 30 s: it is CREATING");
    expect(time).to.equal(30_000);
  });
});
