import type { PutRecordsResultEntry } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import fc from "fast-check";
import type { OutgoingRecord, RecordSource } from "../../../delivery/kinesis/outcome";
import type { ProducerOptions, Stopped } from "../../../delivery/kinesis/producer";
import { Producer, type RecordEnd } from "../../../delivery/kinesis/producer";
import { serviceError, systemError } from "../aws/serviceErrors";
import { VirtualClock } from "../common/virtualClock";
import {
  type Answer,
  acknowledge,
  acknowledgeExcept,
  FakePut,
  fail,
  INTERNAL_FAILURE,
  neverAnswer,
  THROTTLED,
} from "./fakePut";
import { Outcomes, reason } from "./outcomes";
import { CountingSource, failingAfter, indices, record, records, silentAfter } from "./records";

const NEVER = new AbortController().signal;
const DENIED = serviceError("AccessDeniedException", 400);
const UNAVAILABLE = serviceError("ServiceUnavailable", 503);

interface Sending extends Partial<ProducerOptions> {
  source?: RecordSource;
  answers?: Answer[];
  further?: Answer;
  signal?: AbortSignal;
  clock?: VirtualClock;
}

interface Sent {
  put: FakePut;
  outcomes: Outcomes;
  clock: VirtualClock;
  elapsedMs: number;
  stopped: Stopped | undefined;
  failure?: unknown;
}

async function send({ source, answers, further, signal = NEVER, ...options }: Sending): Promise<Sent> {
  const clock = options.clock ?? new VirtualClock();
  const outcomes = new Outcomes();
  const put = new FakePut(answers, further);
  const start = clock.now();
  const producer = new Producer({
    put: put.put,
    listener: outcomes,
    random: () => 0.5,
    largestRecordBytes: 1024 * 1024,
    ...options,
    clock,
  });
  const sent = { put, outcomes, clock };
  try {
    const stopped = await producer.run(source ?? new CountingSource(records(5)), signal);
    return { ...sent, stopped, elapsedMs: clock.now() - start };
  } catch (failure) {
    return { ...sent, stopped: undefined, failure, elapsedMs: clock.now() - start };
  }
}

describe("The producer", () => {
  it("sends every record once if each is acknowledged", async () => {
    const { put, outcomes, stopped } = await send({ source: new CountingSource(records(1_700)) });
    expect(put.requests.flatMap(indices).sort((a, b) => a - b)).to.deep.equal(indices(records(1_700)));
    expect(outcomes.acknowledged).to.have.length(1_700);
    expect(outcomes.ended).to.deep.equal(outcomes.attempted);
    expect(stopped).to.equal(undefined);
  });

  it("makes no request if there is nothing to send", async () => {
    const { put, stopped } = await send({ source: new CountingSource([]) });
    expect(put.requests).to.deep.equal([]);
    expect(stopped).to.equal(undefined);
  });

  describe("trying again", () => {
    it("sends the failed entries alone, in their order, and never an acknowledged one", async () => {
      const { put, outcomes } = await send({
        answers: [
          acknowledgeExcept({ 1: THROTTLED, 3: INTERNAL_FAILURE }),
          acknowledgeExcept({ 3: THROTTLED }),
        ],
      });
      expect(put.requests.map(indices)).to.deep.equal([[0, 1, 2, 3, 4], [1, 3], [3]]);
      expect(outcomes.acknowledged).to.deep.equal([0, 2, 4, 1, 3]);
      expect(outcomes.ambiguous).to.deep.equal([3]);
    });

    it("hands the very bytes on each time", async () => {
      const given = records(2);
      const { put } = await send({ source: new CountingSource(given), answers: [fail(UNAVAILABLE)] });
      for (const request of put.requests) {
        expect(request.map(({ bytes }) => bytes)).to.have.ordered.members(given.map(({ bytes }) => bytes));
      }
    });

    it("reports each attempt of each record", async () => {
      const { outcomes } = await send({ answers: [acknowledgeExcept({ 1: THROTTLED })] });
      expect(outcomes.attempts).to.deep.equal([0, 1, 2, 3, 4, 1]);
    });

    it("waits longer each time, with jitter", async () => {
      const { elapsedMs } = await send({
        answers: [fail(UNAVAILABLE), fail(UNAVAILABLE), fail(UNAVAILABLE)],
      });
      expect(elapsedMs).to.equal(50 + 100 + 200);
    });

    it("waits at most 31 seconds in all by default", async () => {
      const { put, elapsedMs } = await send({ further: fail(UNAVAILABLE), random: () => 1 - 1e-9 });
      expect(put.requests).to.have.length(12);
      expect(elapsedMs).to.be.within(31_000, 31_300);
    });

    it("ends after the attempts that it is allowed, and a record that was never clearly refused is unanswered", async () => {
      const { put, outcomes, stopped } = await send({ further: fail(UNAVAILABLE), maxAttempts: 3 });
      expect(put.requests).to.have.length(3);
      expect(outcomes.unanswered).to.deep.equal([0, 1, 2, 3, 4]);
      expect(outcomes.reasons.get(0)).to.equal("ServiceUnavailable: HTTP 503");
      expect(stopped).to.equal(undefined);
    });

    it("ends after one attempt if it is allowed one", async () => {
      const { put, elapsedMs } = await send({ further: fail(UNAVAILABLE), maxAttempts: 1 });
      expect(put.requests).to.have.length(1);
      expect(elapsedMs).to.equal(0);
    });

    it("refuses a record that every attempt refused for certain", async () => {
      const { outcomes } = await send({ further: acknowledgeExcept({ 2: THROTTLED }), maxAttempts: 4 });
      expect(outcomes.refused).to.deep.equal([2]);
      expect(outcomes.unanswered).to.deep.equal([]);
      expect(outcomes.reasons.get(2)).to.equal("ProvisionedThroughputExceededException");
    });

    it("never calls a record refused that an earlier attempt may have written", async () => {
      const { outcomes } = await send({
        answers: [acknowledgeExcept({ 2: INTERNAL_FAILURE })],
        further: acknowledgeExcept({ 2: THROTTLED }),
        maxAttempts: 3,
      });
      expect(outcomes.refused).to.deep.equal([]);
      expect(outcomes.unanswered).to.deep.equal([2]);
    });

    it("sends on after a batch was given up", async () => {
      const { outcomes, stopped } = await send({
        source: new CountingSource(records(1_200)),
        answers: [fail(serviceError("ValidationException", 400))],
        concurrency: 1,
      });
      expect(outcomes.refused).to.have.length(500);
      expect(outcomes.acknowledged).to.have.length(700);
      expect(stopped).to.equal(undefined);
    });
  });

  describe("met by a refusal of all", () => {
    it("says why, sends nothing more, and asks for nothing more", async () => {
      const source = new CountingSource(records(5_000));
      const { put, outcomes, stopped } = await send({ source, further: fail(DENIED), concurrency: 1 });
      expect(stopped).to.deep.equal({ reason: reason("AccessDeniedException: HTTP 400"), clientSide: false });
      expect(put.requests).to.have.length(1);
      expect(outcomes.refused).to.have.length(500);
      expect(source.asked).to.equal(500);
      expect(source.closed).to.equal(1);
    });

    it("ends even while the source is silent", async () => {
      const { stopped } = await send({ source: silentAfter(records(3)), further: fail(DENIED) });
      expect(stopped).to.deep.equal({ reason: reason("AccessDeniedException: HTTP 400"), clientSide: false });
    });

    const faults: [what: string, error: Error, attempts: number][] = [
      ["the network goes away", systemError("ECONNREFUSED"), 12],
      ["its credentials run out", serviceError("ExpiredTokenException", 400), 12],
      ["it can't sign", Object.assign(new Error("sign in"), { name: "CredentialsProviderError" }), 1],
    ];
    for (const [what, error, attempts] of faults) {
      it(`reports a client-side failure if ${what}, and no refusal`, async () => {
        const source = new CountingSource(records(1_200));
        const { put, outcomes, stopped } = await send({
          source,
          answers: [acknowledge],
          further: fail(error),
          concurrency: 1,
        });
        expect(stopped).to.include({ clientSide: true });
        expect(put.requests).to.have.length(1 + attempts);
        expect(outcomes.acknowledged).to.have.length(500);
        expect(outcomes.abandoned).to.have.length(500);
        expect(outcomes.refused).to.deep.equal([]);
      });
    }

    it("stops after three batches in a row that got no answer", async () => {
      const source = new CountingSource(records(5_000));
      const { put, outcomes, stopped } = await send({
        source,
        answers: [acknowledge],
        further: fail(systemError("ECONNRESET")),
        concurrency: 1,
        maxAttempts: 2,
      });
      expect(stopped).to.include({ clientSide: false });
      expect(outcomes.acknowledged).to.have.length(500);
      expect(outcomes.unanswered).to.have.length(1_500);
      expect(put.requests).to.have.length(1 + 3 * 2);
    });

    it("tries a batch no longer than it may, whatever the number of attempts", async () => {
      const clock = new VirtualClock();
      const late: Answer = async () => {
        await clock.sleep(30_000);
        throw systemError("ETIMEDOUT");
      };
      const { put, elapsedMs } = await send({
        source: new CountingSource(records(5)),
        further: late,
        clock,
        giveUpAfterMs: 90_000,
      });
      expect(put.requests).to.have.length(3);
      expect(elapsedMs).to.be.within(90_000, 95_000);
    });

    it("lets the other requests under way come to their ends", async () => {
      const clock = new VirtualClock();
      const late: Answer = async (sent, signal) => {
        await clock.sleep(5_000);
        return acknowledge(sent, signal);
      };
      const { outcomes, stopped } = await send({
        source: new CountingSource(records(1_000)),
        answers: [late, fail(DENIED)],
        clock,
      });
      expect(stopped).to.not.equal(undefined);
      expect(outcomes.acknowledged).to.have.length(500);
      expect(outcomes.refused).to.have.length(500);
    });
  });

  describe("refused access by a permission that may not have spread yet", () => {
    it("tries on beyond the attempts that it is allowed, and says so", async () => {
      let told = 0;
      const { outcomes, elapsedMs } = await send({
        answers: Array.from({ length: 20 }, () => fail(DENIED)),
        maxAttempts: 3,
        propagationMs: 90_000,
        onAccessDenied: () => {
          told += 1;
        },
      });
      expect(outcomes.acknowledged).to.have.length(5);
      expect(told).to.equal(20);
      expect(elapsedMs).to.equal(40_000);
    });

    it("does not count those tries as attempts", async () => {
      const { outcomes } = await send({
        answers: [fail(DENIED), fail(DENIED), fail(DENIED), fail(UNAVAILABLE), fail(UNAVAILABLE)],
        maxAttempts: 3,
        propagationMs: 90_000,
      });
      expect(outcomes.acknowledged).to.have.length(5);
    });

    it("stops once the time for that is over", async () => {
      const { put, outcomes, stopped, elapsedMs } = await send({
        further: fail(DENIED),
        propagationMs: 10_000,
      });
      expect(stopped?.reason.code).to.include("AccessDenied");
      expect(outcomes.refused).to.have.length(5);
      expect(put.requests).to.have.length(6);
      expect(elapsedMs).to.equal(10_000);
    });

    it("keeps trying although a record was acknowledged before, because a permission propagates to one front end at a time", async () => {
      const { outcomes, stopped } = await send({
        source: new CountingSource(records(600)),
        answers: [acknowledge, fail(DENIED), fail(serviceError("KMSAccessDeniedException", 400))],
        propagationMs: 90_000,
        concurrency: 1,
      });
      expect(stopped).to.equal(undefined);
      expect(outcomes.acknowledged).to.have.length(600);
    });

    it("ends with the signal", async () => {
      const clock = new VirtualClock();
      const controller = new AbortController();
      clock.in(5_000, () => controller.abort());
      const { outcomes, elapsedMs } = await send({
        further: fail(DENIED),
        propagationMs: 90_000,
        signal: controller.signal,
        clock,
      });
      expect(elapsedMs).to.equal(5_000);
      expect(outcomes.abandoned).to.have.length(5);
    });
  });

  describe("given records that are too large for the stream", () => {
    it("refuses those before they are sent, and sends the others", async () => {
      const given = [record(0, 10, "k"), record(1, 12, "k"), record(2, 11, "k"), record(3, 10, "éé")];
      const { put, outcomes } = await send({ source: new CountingSource(given), largestRecordBytes: 12 });
      expect(put.requests.map(indices)).to.deep.equal([[0, 2]]);
      expect(outcomes.refused).to.deep.equal([1, 3]);
      expect(outcomes.attempted).to.deep.equal([0, 2]);
      expect(outcomes.reasons.get(1)).to.equal(
        "record too large: more than the 12 bytes that the stream allows, partition key included",
      );
    });

    it("ends at the signal if nothing else ends it", async () => {
      const controller = new AbortController();
      let given = 0;
      async function* endless(): AsyncGenerator<OutgoingRecord[]> {
        for (;;) {
          if (given === 100) controller.abort();
          yield [record(given++, 100)];
        }
      }
      const { outcomes } = await send({
        source: endless(),
        largestRecordBytes: 12,
        signal: controller.signal,
      });
      expect(outcomes.refused).to.have.length(100);
    });
  });

  describe("with a source that is quicker than the stream", () => {
    it("has no more requests under way than it may, and takes no more than they hold", async () => {
      for (const concurrency of [1, 2, 4]) {
        const clock = new VirtualClock();
        const source = new CountingSource(records(10_000));
        let mostAhead = 0;
        const slow: Answer = async (sent, signal) => {
          await clock.sleep(100);
          mostAhead = Math.max(mostAhead, source.asked - answered);
          answered += sent.length;
          return acknowledge(sent, signal);
        };
        let answered = 0;
        const { put, elapsedMs } = await send({ source, further: slow, concurrency, clock });
        expect(put.mostAtOnce).to.equal(concurrency);
        expect(mostAhead).to.be.at.most(concurrency * 500 + 1);
        expect(elapsedMs).to.equal((10_000 / 500 / concurrency) * 100);
      }
    });

    it("counts a batch that waits for its next attempt as under way", async () => {
      const { put, elapsedMs } = await send({
        source: new CountingSource(records(1_000)),
        answers: [fail(UNAVAILABLE)],
        concurrency: 1,
      });
      expect(put.requests.map(({ length }) => length)).to.deep.equal([500, 500, 500]);
      expect(put.requests.map(([first]) => first?.index)).to.deep.equal([0, 0, 500]);
      expect(elapsedMs).to.equal(50);
    });
  });

  describe("with a source that is slower than the stream", () => {
    it("sends a record no later than the linger time after it came", async () => {
      const clock = new VirtualClock();
      const start = clock.now();
      async function* slow(): AsyncGenerator<OutgoingRecord[]> {
        for (const given of records(5)) {
          await clock.sleep(1_000);
          yield [given];
        }
        await clock.sleep(1_000);
      }
      const times: number[] = [];
      const further: Answer = (sent, signal) => {
        times.push(clock.now() - start);
        return acknowledge(sent, signal);
      };
      await send({ source: slow(), further, clock });
      expect(times).to.deep.equal([1_050, 2_050, 3_050, 4_050, 5_050]);
    });
  });

  describe("with a source that fails", () => {
    it("passes the error on after the requests under way have ended", async () => {
      const clock = new VirtualClock();
      const late: Answer = async (sent, signal) => {
        await clock.sleep(5_000);
        return acknowledge(sent, signal);
      };
      const gone = new Error("the file is gone");
      const { failure, outcomes } = await send({
        source: failingAfter(records(1_000), gone),
        further: late,
        clock,
      });
      expect(failure).to.equal(gone);
      expect(outcomes.acknowledged).to.have.length(1_000);
    });

    it("is not brought down by the failure while it waits for the stream", async () => {
      const clock = new VirtualClock();
      const late: Answer = async (sent, signal) => {
        await clock.sleep(5_000);
        return acknowledge(sent, signal);
      };
      const { failure, outcomes } = await send({
        source: failingAfter(records(500), new Error("gone")),
        further: late,
        clock,
        concurrency: 1,
      });
      expect(String(failure)).to.equal("Error: gone");
      expect(outcomes.acknowledged).to.have.length(500);
    });
  });

  it("passes on what its listener throws, and takes no more", async () => {
    const source = new CountingSource(records(5_000));
    const full = new Error("the ledger is full");
    const listener = Object.assign(new Outcomes(), {
      onEnd: () => {
        throw full;
      },
    });
    const { failure } = await send({ source, listener, concurrency: 1 });
    expect(failure).to.equal(full);
    expect(source.asked).to.equal(500);
  });

  it("reports when an attempt began, and when its response came", async () => {
    const clock = new VirtualClock(1_000);
    const told: string[] = [];
    const listener = Object.assign(new Outcomes(), {
      onAttempt: (index: number, at: number) => told.push(`${index} tried at ${at}`),
      onEnd: (index: number, { kind }: RecordEnd, at: number) => told.push(`${index} ${kind} at ${at}`),
    });
    const late: Answer = async (...request) => {
      await clock.sleep(70);
      return acknowledge(...request);
    };
    await send({ source: new CountingSource(records(2)), listener, clock, further: late, lingerMs: 0 });
    const both = (what: string) => [0, 1].map((index) => `${index} ${what}`);
    expect(told).to.deep.equal([...both("tried at 1000"), ...both("acknowledged at 1070")]);
  });

  describe("after the signal", () => {
    it("does nothing if it came first", async () => {
      const source = new CountingSource(records(5));
      const { put, outcomes } = await send({ source, signal: AbortSignal.abort() });
      expect(put.requests).to.deep.equal([]);
      expect(source.asked).to.equal(0);
      expect(outcomes.ended).to.deep.equal([]);
    });

    it("ends while the source is silent", async () => {
      const clock = new VirtualClock();
      const controller = new AbortController();
      clock.in(1_000, () => controller.abort());
      const { outcomes, elapsedMs } = await send({
        source: silentAfter(records(3)),
        signal: controller.signal,
        clock,
      });
      expect(outcomes.acknowledged).to.deep.equal([0, 1, 2]);
      expect(elapsedMs).to.equal(1_000);
    });

    it("lets requests under way end in their time, and starts no other", async () => {
      const clock = new VirtualClock();
      const controller = new AbortController();
      const source = new CountingSource(records(5_000));
      const late: Answer = async (sent, signal) => {
        await clock.sleep(3_000);
        return acknowledge(sent, signal);
      };
      clock.in(1_000, () => controller.abort());
      const { put, outcomes, elapsedMs } = await send({
        source,
        further: late,
        signal: controller.signal,
        clock,
        concurrency: 2,
      });
      expect(put.requests).to.have.length(2);
      expect(outcomes.acknowledged).to.have.length(1_000);
      expect(source.asked).to.equal(1_000);
      expect(elapsedMs).to.equal(3_000);
    });

    it("cancels requests that take longer than they are given, and leaves their records open", async () => {
      const clock = new VirtualClock();
      const controller = new AbortController();
      clock.in(1_000, () => controller.abort());
      const { outcomes, elapsedMs } = await send({
        source: new CountingSource(records(5_000)),
        further: neverAnswer,
        signal: controller.signal,
        drainMs: 7_000,
        clock,
        concurrency: 2,
      });
      expect(elapsedMs).to.equal(8_000);
      expect(outcomes.leftOpen).to.have.length(1_000);
    });

    it("cancels them too if the source had ended before", async () => {
      const clock = new VirtualClock();
      const controller = new AbortController();
      clock.in(1_000, () => controller.abort());
      const { outcomes, elapsedMs } = await send({ further: neverAnswer, signal: controller.signal, clock });
      expect(elapsedMs).to.equal(11_000);
      expect(outcomes.leftOpen).to.deep.equal([0, 1, 2, 3, 4]);
    });

    it("tries nothing again", async () => {
      const clock = new VirtualClock();
      const controller = new AbortController();
      const { put, outcomes } = await send({
        further: () => {
          controller.abort();
          throw UNAVAILABLE;
        },
        signal: controller.signal,
        clock,
      });
      expect(put.requests).to.have.length(1);
      expect(outcomes.leftOpen).to.have.length(5);
    });
  });

  it("leaves neither a timer nor a listener behind", async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    await send({
      source: new CountingSource(records(5_000)),
      answers: [fail(UNAVAILABLE), acknowledgeExcept({ 7: THROTTLED })],
      signal: controller.signal,
      clock,
    });
    expect(clock.sleeping).to.equal(0);
    controller.abort();
    expect(clock.sleeping).to.equal(0);
  });

  it("ends each record that it attempted exactly once, whatever it meets", async () => {
    const entry = fc.constantFrom<PutRecordsResultEntry[]>(
      { SequenceNumber: "1", ShardId: "s" },
      THROTTLED,
      INTERNAL_FAILURE,
      {},
    );
    const error = fc.constantFrom(
      UNAVAILABLE,
      DENIED,
      systemError("ECONNRESET"),
      systemError("ECONNREFUSED"),
      serviceError("ValidationException", 400),
      serviceError("LimitExceededException", 400),
    );
    const fault = fc.oneof(
      { weight: 6, arbitrary: fc.record({ entries: fc.array(entry, { minLength: 1, maxLength: 7 }) }) },
      { weight: 2, arbitrary: fc.record({ error }) },
      { weight: 1, arbitrary: fc.constant("silent" as const) },
    );
    const schedule = fc.record({
      faults: fc.array(fc.record({ fault, delay: fc.nat({ max: 400 }) }), { maxLength: 12 }),
      count: fc.nat({ max: 40 }),
      gaps: fc.array(fc.nat({ max: 120 }), { minLength: 1, maxLength: 5 }),
      abortAt: fc.option(fc.nat({ max: 3_000 }), { nil: 3_000 }),
      concurrency: fc.integer({ min: 1, max: 4 }),
      maxAttempts: fc.integer({ min: 1, max: 4 }),
      propagationMs: fc.constantFrom(0, 3_000),
      sourceFails: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(schedule, async ({ faults, count, gaps, abortAt, sourceFails, ...options }) => {
        const clock = new VirtualClock();
        const controller = new AbortController();
        clock.in(abortAt, () => controller.abort());
        async function* source(): AsyncGenerator<OutgoingRecord[]> {
          for (const given of records(count, 20)) {
            const gap = gaps[given.index % gaps.length] ?? 0;
            if (gap > 60) await clock.sleep(gap);
            yield [given.index % 11 === 10 ? record(given.index, 2_000) : given];
          }
          if (sourceFails) throw new Error("gone");
        }
        const answers = faults.map(
          ({ fault, delay }): Answer =>
            async (sent, signal) => {
              await clock.sleep(delay);
              if (fault === "silent") return neverAnswer(sent, signal);
              if ("error" in fault) throw fault.error;
              return { Records: sent.map((_, at) => fault.entries[at % fault.entries.length] ?? {}) };
            },
        );
        const { put, outcomes, failure } = await send({
          ...options,
          answers,
          source: source(),
          signal: controller.signal,
          largestRecordBytes: 1_000,
          lingerMs: 50,
          drainMs: 1_000,
          clock,
        });
        if (failure !== undefined) expect(String(failure)).to.equal("Error: gone");
        const tooLarge = outcomes.refused.filter((index) => index % 11 === 10);
        expect(outcomes.ended).to.deep.equal([...outcomes.attempted, ...tooLarge].sort((a, b) => a - b));
        expect(put.mostAtOnce).to.be.at.most(options.concurrency);
        const sentLast = new Map(put.requests.flatMap((batch, at) => batch.map(({ index }) => [index, at])));
        expect([...sentLast.keys()].sort((a, b) => a - b)).to.deep.equal(outcomes.attempted);
        expect(outcomes.toldAfterEnd).to.deep.equal([]);
        for (const index of [...outcomes.refused, ...outcomes.abandoned]) {
          expect(outcomes.ambiguous).to.not.include(index);
        }
        for (const index of [...outcomes.unanswered, ...outcomes.leftOpen])
          expect(outcomes.ambiguous).to.include(index);
      }),
      { numRuns: 150 },
    );
  });
});
