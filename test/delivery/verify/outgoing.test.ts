import { expect } from "chai";
import fc from "fast-check";
import { SourceError } from "../../../delivery";
import { runKeyOf } from "../../../delivery/common/runId";
import type { SourceEvent } from "../../../delivery/events/source";
import type { OutgoingRecord } from "../../../delivery/kinesis/outcome";
import { SteadyLimiter } from "../../../delivery/sending/pacing";
import { Ledger } from "../../../delivery/verify/ledger";
import { type OutgoingOptions, outgoing } from "../../../delivery/verify/outgoing";
import { VirtualClock } from "../common/virtualClock";
import { added } from "./added";

const event = (index: number): SourceEvent => ({
  bytes: Buffer.from(`event ${index}`),
  origin: `test:${index + 1}`,
});
const events = (count: number) => Array.from({ length: count }, (_, index) => event(index));

async function* batched(all: SourceEvent[], size = 7): AsyncGenerator<SourceEvent[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

const key = runKeyOf("AAAAAAAAAAAA");

/** The records, each with when it came. */
async function recordsOf(
  all: SourceEvent[],
  { limiter, ...given }: Partial<OutgoingOptions> & { limiter?: SteadyLimiter } = {},
) {
  const clock = new VirtualClock(0);
  const options: OutgoingOptions = {
    ledger: new Ledger(),
    key,
    unsettled: new Set(),
    clock,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...given,
  };
  const records: (OutgoingRecord & { at: number })[] = [];
  for await (const batch of outgoing({ batches: batched(all), ...(limiter && { limiter }) }, options)) {
    for (const record of batch) {
      expect(options.ledger.size, "in the ledger before it is handed on").to.be.greaterThan(record.index);
      records.push({ ...record, at: clock.now() });
    }
  }
  return { records, ledger: options.ledger };
}

/** As an earlier process has left it: so many events sent. */
function sent(count: number): Ledger {
  const ledger = new Ledger();
  for (let index = 0; index < count; index += 1) ledger.onAttempt(added(ledger, event(index).bytes), 0);
  return ledger;
}

describe("The records to send", () => {
  it("end with the batch during which the run is aborted, although an earlier process sent all of it", async () => {
    const controller = new AbortController();
    let batches = 0;
    const onProgress = () => {
      batches += 1;
      if (batches === 10) controller.abort();
    };
    const { records } = await recordsOf(events(700), {
      ledger: sent(700),
      onProgress,
      signal: controller.signal,
    });
    expect(records).to.deep.equal([]);
    expect(batches).to.equal(10);
  });

  it("are the events in their order, bytes untouched, each with its own partition key", async () => {
    const { records } = await recordsOf(events(20));
    expect(records.map(({ index }) => index)).to.deep.equal(events(20).map((_, index) => index));
    expect(records[13]).to.include({ partitionKey: "amplitude-kinesis.AAAAAAAAAAAA.13" });
    expect(records[13]?.bytes.toString()).to.equal("event 13");
  });

  it("come at their pace, and know since when they were due", async () => {
    const { records, ledger } = await recordsOf(events(30), { limiter: new SteadyLimiter(100) });
    expect(records.map(({ at }) => at)).to.deep.equal(records.map(({ index }) => index * 10));
    expect(ledger.waited(7, 100)).to.equal(30);
  });

  it("leave out what an earlier process has sent and ended, and hold what it could not end", async () => {
    const numbers = fc.uniqueArray(fc.nat({ max: 11 }));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 12 }), numbers, async (count, some) => {
        const unsettled = new Set(some.filter((index) => index < count));
        const { records } = await recordsOf(events(15), { ledger: sent(count), unsettled });
        const expected = events(15)
          .map((_, index) => index)
          .filter((index) => index >= count || unsettled.has(index));
        expect(records.map(({ index }) => index)).to.deep.equal(expected);
      }),
    );
  });

  it("are refused if an earlier process has sent other events, or more of them", async () => {
    const others = [...events(3), { bytes: Buffer.from("another"), origin: "test:4" }, ...events(9).slice(4)];
    for (const [all, says] of [
      [others, "test:4"],
      [events(3), "it has 3 events, the run has sent 5"],
    ] as const) {
      const error = await recordsOf(all, { ledger: sent(5) }).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(SourceError);
      expect((error as Error).message).to.include(says);
    }
  });
});
