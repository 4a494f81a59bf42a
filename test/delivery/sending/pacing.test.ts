import { expect } from "chai";
import { SettingsError } from "../../../delivery";
import type { EventSource, SourceEvent } from "../../../delivery/events/source";
import type { RunLoad } from "../../../delivery/sending/deployment";
import {
  CappedLimiter,
  capacityOf,
  checkPart,
  defaultConcurrency,
  loadOf,
  pacedEvents,
  SteadyLimiter,
} from "../../../delivery/sending/pacing";

const EVENT_BYTES = 960; // With a partition key of the run 1,000.

function source(count: number): EventSource & { taken: number } {
  return {
    taken: 0,
    problems: [],
    problemCount: 0,
    async *batches() {
      for (let at = 0; at < count; at += 1) {
        this.taken += 1;
        yield [{ bytes: Buffer.alloc(EVENT_BYTES), origin: `test:${at}` }];
      }
    },
  };
}

const stream = (openShards?: number) => ({
  streamArn: "arn",
  largestRecordBytes: 1,
  serviceTime: 0,
  clockOffsetMs: 0,
  ...(openShards !== undefined && { openShards }),
});

async function all(batches: AsyncIterable<readonly SourceEvent[]>): Promise<SourceEvent[]> {
  const events: SourceEvent[] = [];
  for await (const batch of batches) events.push(...batch);
  return events;
}

describe("The events' pace", () => {
  it("is half of the shards' capacity by default, and says so", async () => {
    const { limiter, step, batches } = await pacedEvents({ source: source(3) }, stream(4));
    expect(limiter).to.be.instanceOf(CappedLimiter);
    expect(step).to.equal("sending events, at most 50 % of the capacity of 4 shards");
    expect(await all(batches)).to.have.length(3);
  });

  it("ends with the batch during which it is aborted, although no batch has an event", async () => {
    for (const rate of [undefined, 1_000]) {
      const controller = new AbortController();
      let taken = 0;
      const silent: EventSource = {
        problems: [],
        problemCount: 0,
        async *batches() {
          for (taken = 1; taken <= 10_000; taken += 1) {
            if (taken === 100) controller.abort();
            yield [];
          }
        },
      };
      const { batches } = await pacedEvents({ source: silent, rate, signal: controller.signal }, stream(1));
      expect(await all(batches)).to.deep.equal([]);
      expect(taken).to.equal(100);
    }
  });

  it("is none if the whole capacity may be used, or the stream's shards are unknown", async () => {
    expect((await pacedEvents({ source: source(1), capacityShare: 1 }, stream(4))).limiter).to.equal(
      undefined,
    );
    expect((await pacedEvents({ source: source(1) }, stream())).limiter).to.equal(undefined);
  });

  it("is the requested rate, without consent up to half of the shards' capacity", async () => {
    const confirmLoad = () => {
      throw new Error("asked");
    };
    const { limiter, step } = await pacedEvents({ source: source(200), rate: 500, confirmLoad }, stream(1));
    expect(limiter).to.be.instanceOf(SteadyLimiter);
    expect(step).to.equal("sending 500 events/s, 50 % of the capacity of one shard");
  });

  it("asks before it takes more, reckoned from the first hundred events, and loses none of them", async () => {
    const loads: RunLoad[] = [];
    const events = source(1_000);
    const confirmLoad = (load: RunLoad) => loads.push(load) > 0;
    const { batches } = await pacedEvents({ source: events, rate: 1_500, confirmLoad }, stream(2));
    expect(loads).to.deep.equal([{ rate: 1_500, eventBytes: 1_000, openShards: 2, share: 0.75 }]);
    expect(events.taken).to.equal(100);
    expect(new Set((await all(batches)).map(({ origin }) => origin)).size).to.equal(1_000);
  });

  it("sends nothing without consent, and says what to do", async () => {
    const load = { source: source(5), rate: 5_000, confirmLoad: () => false };
    const error = await pacedEvents(load, stream(2)).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(SettingsError);
    expect((error as Error).message)
      .to.include("250 %")
      .and.to.include("--yes")
      .and.to.include("2 shards");
  });

  it("has as many requests at once as keep up with it", () => {
    expect([undefined, 1, 2_000, 5_000, 1e6].map(defaultConcurrency)).to.deep.equal([1, 1, 1, 3, 64]);
  });
});

describe("The share of a stream that a run takes", () => {
  const cases: [what: string, rate: number, bytes: number, shards: number, share: number][] = [
    ["of the records, where events are small", 500, 200, 1, 0.5],
    ["of the bytes, where events are large", 500, 1_750, 1, 0.875],
    ["of all shards together", 5_000, 1_000, 10, 0.5],
    ["above 1, where the stream can't take it", 3_000, 1_000, 2, 1.5],
  ];
  for (const [what, rate, bytes, shards, share] of cases) {
    it(`is ${what}`, () => {
      expect(loadOf(rate, bytes, shards).share).to.be.closeTo(share, 1e-9);
    });
  }

  it("of one half is what half of the shards take", () => {
    expect(capacityOf(4, 0.5)).to.deep.equal(capacityOf(2));
    expect(capacityOf(1)).to.deep.equal({ recordsPerSecond: 1_000, bytesPerSecond: 1_000_000 });
  });
});

describe("The pace of a part", () => {
  const part = { index: 1, count: 4 };

  it("is its share of the stream's capacity", async () => {
    const { limiter, step } = await pacedEvents({ source: source(3), part }, stream(8));
    expect(step).to.equal(
      "sending events, at most 50 % of the capacity of 8 shards, of which part 2/4 uses its share",
    );
    expect(limiter).to.deep.equal(new CappedLimiter(capacityOf(2, 0.5)));
  });

  it("asks for consent to the load of all parts", async () => {
    const loads: RunLoad[] = [];
    const confirmLoad = (load: RunLoad) => loads.push(load) > 0;
    const { step } = await pacedEvents({ source: source(200), part, rate: 1_500, confirmLoad }, stream(8));
    expect(loads).to.deep.equal([{ rate: 6_000, eventBytes: 1_000, openShards: 8, share: 0.75 }]);
    expect(step).to.equal(
      "sending 6000 events/s, 75 % of the capacity of 8 shards, of which part 2/4 uses its share",
    );
  });

  it("is refused if there are more parts than shards, or if the stream places the records", () => {
    expect(() => checkPart(part, stream(3))).to.throw(
      SettingsError,
      "Part 2/4 has no shard, because arn has 3 shards. Use at most as many parts as shards",
    );
    expect(() => checkPart(part, { ...stream(8), placesRecords: true })).to.throw(
      SettingsError,
      "RecordDistributionStrategy AUTO",
    );
    for (const shards of [4, 8, undefined]) checkPart(part, stream(shards));
    checkPart(undefined, { ...stream(1), placesRecords: true });
  });
});
