import { expect } from "chai";
import fc from "fast-check";
import { BATCH_LIMITS, batches } from "../../../delivery/kinesis/batcher";
import { type OutgoingRecord, type RecordSource, recordSize } from "../../../delivery/kinesis/outcome";
import { VirtualClock } from "../common/virtualClock";
import { CountingSource, failingAfter, indices, record, records, silentAfter } from "./records";

const MIB = 1024 * 1024;
const LINGER_MS = 50;
const NEVER = new AbortController().signal;

function batchesOf(
  source: RecordSource,
  { limits = BATCH_LIMITS, clock = new VirtualClock(), signal = NEVER } = {},
): AsyncGenerator<OutgoingRecord[]> {
  return batches(source, { limits, lingerMs: LINGER_MS, clock, signal });
}

async function collect(source: RecordSource, limits = BATCH_LIMITS): Promise<number[][]> {
  const all: number[][] = [];
  for await (const batch of batchesOf(source, { limits })) all.push(indices(batch));
  return all;
}

const utf8Length = (text: string) => new TextEncoder().encode(text).length;

/** The record's bytes take no memory of their own: what counts is their length. */
const shared = Buffer.alloc(10 * MIB);

describe("Batches", () => {
  it("hold at most 500 records and 10 MiB with their keys in UTF-8, and all records in their order", async () => {
    const size = fc.oneof(
      fc.nat({ max: 2_000 }),
      fc.integer({ min: 0.5 * MIB, max: 4 * MIB }),
      fc.constant(10 * MIB - 1024),
    );
    const key = fc.oneof(
      fc.string({ minLength: 1, maxLength: 256, unit: fc.constantFrom("k", "é", "日", "😀") }),
      fc.constant("日".repeat(256)),
    );
    const block = fc.tuple(fc.constantFrom(1, 3, 499, 501), size, key);
    await fc.assert(
      fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 5 }), async (blocks) => {
        const given = blocks
          .flatMap(([count, length, partitionKey]) =>
            Array.from({ length: count }, () => ({ length, partitionKey })),
          )
          .map(({ length, partitionKey }, index) => ({
            index,
            partitionKey,
            bytes: shared.subarray(0, length),
          }));
        const got: number[] = [];
        for await (const batch of batchesOf(new CountingSource(given))) {
          const total = batch.reduce((sum, one) => sum + one.bytes.length + utf8Length(one.partitionKey), 0);
          expect(batch.length).to.be.within(1, 500);
          expect(total).to.be.at.most(10 * MIB);
          got.push(...indices(batch));
        }
        expect(got.join()).to.equal(indices(given).join());
      }),
      { numRuns: 20 },
    );
  });

  it("are as full as the limits let them be", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 10 }),
        async (sizes, most) => {
          const limits = { records: most, bytes: 50 };
          const given = sizes.map((size, index) => record(index, size, "k"));
          const got: OutgoingRecord[][] = [];
          for await (const batch of batchesOf(new CountingSource(given), { limits })) got.push(batch);
          for (const [at, batch] of got.slice(0, -1).entries()) {
            const [following] = got[at + 1] ?? [];
            const total = [...batch, ...(following ? [following] : [])].reduce(
              (n, r) => n + recordSize(r),
              0,
            );
            expect(batch.length === most || total > limits.bytes).to.equal(true);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it("are the same if the source yields many records at once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 25 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 10 }),
        async (sizes, most) => {
          const limits = { records: most, bytes: 50 };
          let index = 0;
          const chunks = sizes.map((chunk) => chunk.map((size) => record(index++, size, "k")));
          async function* atOnce(): AsyncGenerator<OutgoingRecord[]> {
            yield* chunks;
          }
          const got: number[][] = [];
          for await (const batch of batchesOf(atOnce(), { limits })) got.push(indices(batch));
          expect(got).to.deep.equal(await collect(new CountingSource(chunks.flat()), limits));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("ask for no more while records that came at once are left", async () => {
    let asked = 0;
    async function* atOnce(): AsyncGenerator<OutgoingRecord[]> {
      for (;;) {
        asked += 1;
        yield records(30);
      }
    }
    const iterator = batchesOf(atOnce(), { limits: { records: 10, bytes: MIB } });
    for (const expected of [1, 1, 1, 2]) {
      await iterator.next();
      await new Promise(setImmediate);
      expect(asked).to.equal(expected);
    }
    await iterator.return(undefined);
  });

  it("count a key by its UTF-8 bytes", async () => {
    const given = [record(0, 4, "é"), record(1, 4, "é"), record(2, 4, "é")];
    expect(await collect(new CountingSource(given), { records: 10, bytes: 12 })).to.deep.equal([[0, 1], [2]]);
  });

  it("are none if there are no records", async () => {
    expect(await collect(new CountingSource([]))).to.deep.equal([]);
  });

  it("are never empty, even for a record that no batch can hold", async () => {
    const given = [record(0, 100), record(1, 1)];
    expect(await collect(new CountingSource(given), { records: 10, bytes: 20 })).to.deep.equal([[0], [1]]);
  });

  it("come after the linger time if the source is slow, from their first record on", async () => {
    const clock = new VirtualClock();
    const start = clock.now();
    async function* slow(): AsyncGenerator<OutgoingRecord[]> {
      for (const index of [0, 1, 2, 3]) {
        await clock.sleep(30);
        yield [record(index)];
      }
      await clock.sleep(1_000);
    }
    const got: { at: number; batch: number[] }[] = [];
    for await (const batch of batchesOf(slow(), { clock })) {
      got.push({ at: clock.now() - start, batch: indices(batch) });
    }
    expect(got).to.deep.equal([
      { at: 80, batch: [0, 1] },
      { at: 140, batch: [2, 3] },
    ]);
  });

  it("do not linger once the source has ended", async () => {
    const clock = new VirtualClock();
    const start = clock.now();
    for await (const batch of batchesOf(new CountingSource(records(3)), { clock })) {
      expect(indices(batch)).to.deep.equal([0, 1, 2]);
    }
    expect(clock.now()).to.equal(start);
  });

  it("request no more from the source than a batch needs, until the next batch is requested", async () => {
    const source = new CountingSource(records(100));
    const iterator = batchesOf(source, { limits: { records: 10, bytes: MIB } });
    expect(source.asked).to.equal(0);
    await iterator.next();
    await new Promise(setImmediate);
    expect(source.asked).to.equal(10);
    await iterator.next();
    await new Promise(setImmediate);
    expect(source.asked).to.equal(20);
  });

  it("leave no timer behind", async () => {
    const clock = new VirtualClock();
    for await (const _ of batchesOf(new CountingSource(records(2_000)), { clock })) {
      expect(clock.sleeping).to.be.at.most(1);
    }
    expect(clock.sleeping).to.equal(0);
  });

  it("close the source when their consumer stops early", async () => {
    const source = new CountingSource(records(2_000));
    for await (const _ of batchesOf(source)) break;
    expect(source.closed).to.equal(1);
  });

  it("let their consumer stop while the source owes a record that never comes", async () => {
    for await (const batch of batchesOf(silentAfter(records(3)))) {
      expect(indices(batch)).to.deep.equal([0, 1, 2]);
      break;
    }
  });

  it("pass on what the source throws", async () => {
    const gone = new Error("the file is gone");
    const failure = await collect(failingAfter(records(3), gone)).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.equal(gone);
  });

  it("do not read ahead: a source that fails after a full batch fails at the next request, not before", async () => {
    const iterator = batchesOf(failingAfter(records(2), new Error("gone")), {
      limits: { records: 2, bytes: MIB },
    });
    expect((await iterator.next()).done).to.equal(false);
    await new Promise(setImmediate);
    const failure = await iterator.next().then(
      () => "none",
      (error: unknown) => String(error),
    );
    expect(failure).to.equal("Error: gone");
  });

  describe("after the signal", () => {
    it("end at once, even while the source is silent", async () => {
      const controller = new AbortController();
      const iterator = batchesOf(silentAfter([]), { signal: controller.signal });
      const next = iterator.next();
      controller.abort();
      expect(await next).to.deep.equal({ done: true, value: undefined });
    });

    it("leave out what no batch was made of, and ask for nothing more", async () => {
      const controller = new AbortController();
      const source = new CountingSource(records(100));
      const iterator = batchesOf(source, {
        limits: { records: 10, bytes: MIB },
        signal: controller.signal,
      });
      await iterator.next();
      controller.abort();
      expect((await iterator.next()).done).to.equal(true);
      expect(source.asked).to.equal(10);
      expect(source.closed).to.equal(1);
    });

    it("request nothing if it came first", async () => {
      const source = new CountingSource(records(3));
      const batch = await batchesOf(source, { signal: AbortSignal.abort() }).next();
      expect(batch.done).to.equal(true);
      expect(source.asked).to.equal(0);
    });

    it("leave out a record that came with it", async () => {
      const controller = new AbortController();
      const next = () => {
        const given = Promise.resolve({ done: false, value: [record(0)] });
        queueMicrotask(() => controller.abort());
        return given;
      };
      const source = { [Symbol.asyncIterator]: () => ({ next }) };
      expect((await batchesOf(source, { signal: controller.signal }).next()).done).to.equal(true);
    });

    it("end a source that always has a record ready", async () => {
      const controller = new AbortController();
      let given = 0;
      async function* endless(): AsyncGenerator<OutgoingRecord[]> {
        for (;;) {
          if (given === 1_000) controller.abort();
          yield [record(given++, 1)];
        }
      }
      const limits = { records: 1_000_000, bytes: 1_000 * MIB };
      expect((await batchesOf(endless(), { limits, signal: controller.signal }).next()).done).to.equal(true);
      expect(given).to.be.at.most(1_002);
    });
  });
});
