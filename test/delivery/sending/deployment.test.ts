import { expect } from "chai";
import { waitWhileProgressing } from "../../../delivery/sending/deployment";
import { VirtualClock } from "../common/virtualClock";

describe("Waiting while reading progresses", () => {
  /** Waits for a reader that reads so many further records in each stall time, and is done after the last one. */
  async function wait(batches: number[], abortedAfter = Number.POSITIVE_INFINITY) {
    const clock = new VirtualClock(1_000);
    const aborter = new AbortController();
    const deadlines: number[] = [];
    let read = 0;
    const reader = {
      waitFor: async (condition: () => boolean, deadline: number) => {
        read += batches[deadlines.length] ?? 0;
        if (deadlines.push(deadline) > abortedAfter) aborter.abort();
        return condition();
      },
    };
    const isDone = await waitWhileProgressing(
      reader,
      () => read >= 10,
      () => read,
      500,
      {
        clock,
        signal: aborter.signal,
      },
    );
    return { isDone, waits: deadlines.length, deadline: deadlines[0] };
  }

  it("goes on as long as there is progress within the stall time", async () => {
    expect(await wait([1, 1, 8])).to.deep.equal({ isDone: true, waits: 3, deadline: 1_500 });
  });

  it("gives up without progress, or when it is aborted", async () => {
    expect(await wait([1, 0, 9])).to.include({ isDone: false, waits: 2 });
    expect(await wait([1, 1, 1, 9], 1)).to.include({ isDone: false, waits: 2 });
  });
});
