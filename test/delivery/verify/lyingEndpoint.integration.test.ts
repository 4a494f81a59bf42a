import { expect } from "chai";
import {
  type EventSource,
  type Finding,
  generateEvents,
  sendEvents,
  type VerifyOptions,
  verifyDelivery,
} from "../../../delivery";
import { type Fixture, sharedAws } from "../../sandbox/aws/localAws";
import { type Answer, json, type Lie, startLyingProxy } from "../aws/lyingProxy";
import { deploy } from "../deployment/deploy";

/** Acknowledges a batch as Kinesis would. */
function acknowledgement(body: Buffer) {
  const { Records } = JSON.parse(body.toString());
  return json({
    FailedRecordCount: 0,
    Records: Records.map((_: unknown, at: number) => ({
      ShardId: "shardId-000000000000",
      SequenceNumber: `${at + 1}`,
    })),
  });
}

/** Changes the records of a GetRecords answer. */
function changed(body: Buffer, change: (records: { Data: string; PartitionKey: string }[]) => unknown[]) {
  const answer = JSON.parse(body.toString());
  return json({ ...answer, Records: change(answer.Records) });
}

const isEvent = (number: number) => (record: { PartitionKey: string }) =>
  record.PartitionKey.endsWith(`.${number}`);

describe("the verdict, if the endpoint lies", () => {
  let aws: Fixture;
  before(async () => {
    aws = await sharedAws();
  });
  after(() => aws.remove());

  async function verdictUnder(
    lie: Lie,
    source: EventSource = generateEvents({ events: 30 }),
    options: Partial<VerifyOptions> = {},
  ) {
    const proxy = await startLyingProxy(aws.endpoint, lie);
    try {
      return await verifyDelivery({
        outputs: await deploy(aws, { shards: 1 }),
        source,
        credentials: aws.principals.operator,
        senderCredentials: aws.principals.amplitude,
        endpoint: proxy.endpoint,
        propagationSeconds: 0,
        timeoutSeconds: 10,
        settleMs: 50,
        pollMs: 50,
        random: () => 0,
        ...options,
      });
    } finally {
      await proxy.stop();
    }
  }

  const codes = (report: { findings: { code: string }[] }) => report.findings.map(({ code }) => code);

  it("calls acknowledged events lost that are not in the stream", async () => {
    const report = await verdictUnder(({ operation, body }) =>
      operation === "PutRecords" ? acknowledgement(body) : undefined,
    );
    expect(report).to.include({
      verdict: "failed",
      eventsAcknowledged: 30,
      eventsDelivered: 0,
      eventsNotDelivered: 30,
    });
    expect(report).to.include({ eventsUnknown: 0, deliveryRate: 0 });
    expect(codes(report)).to.deep.equal(["events-lost"]);
    expect(report.findings[0]?.message).to.include("number 1, 2, 3, 4, 5, … of the source");
  });

  it("looks again before it calls an event lost", async () => {
    let readings = 0;
    const report = await verdictUnder(async ({ operation, forward }) => {
      if (operation === "GetShardIterator") readings += 1;
      if (operation !== "GetRecords" || readings > 1) return undefined;
      return changed((await forward()).body, (records) => records.filter((record) => !isEvent(7)(record)));
    });
    expect(readings).to.equal(2);
    expect(report).to.include({
      verdict: "verified",
      eventsDelivered: 30,
      eventsNotDelivered: 0,
      eventsDuplicated: 0,
    });
  });

  it("calls an event corrupted that comes back with one other byte", async () => {
    const report = await verdictUnder(async ({ operation, forward }) => {
      if (operation !== "GetRecords") return undefined;
      return changed((await forward()).body, (records) =>
        records.map((record) => {
          if (!isEvent(3)(record)) return record;
          const bytes = Buffer.from(record.Data, "base64");
          bytes[100] = (bytes[100] ?? 0) ^ 1;
          return { ...record, Data: bytes.toString("base64") };
        }),
      );
    });
    expect(report).to.include({
      verdict: "failed",
      eventsDelivered: 29,
      eventsCorrupted: 1,
      eventsNotDelivered: 0,
    });
    expect(codes(report)).to.deep.equal(["events-corrupted"]);
  });

  it("counts events that were written twice, and says that nothing explains it", async () => {
    const report = await verdictUnder(async ({ operation, earlier, forward }) => {
      if (operation === "PutRecords" && earlier === 0) await forward();
      return undefined;
    });
    expect(report).to.include({ verdict: "verified", eventsDelivered: 30, eventsDuplicated: 30 });
    expect(codes(report)).to.deep.equal(["duplicates-unexplained"]);
  });

  it("explains duplicates by an answer that never came", async () => {
    const report = await verdictUnder(async ({ operation, earlier, forward }) => {
      if (operation !== "PutRecords" || earlier > 0) return undefined;
      await forward();
      return json({ __type: "InternalFailure", message: "after the commit" }, 500);
    });
    expect(report).to.include({ verdict: "verified", eventsDelivered: 30, eventsDuplicated: 30 });
    expect(codes(report)).to.deep.equal([]);
  });

  it("sends again what was throttled, and only that", async () => {
    const sizes: number[] = [];
    const report = await verdictUnder(async ({ operation, earlier, body, forward }) => {
      if (operation !== "PutRecords") return undefined;
      sizes.push(JSON.parse(body.toString()).Records.length);
      if (earlier > 0) return undefined;
      const answer = JSON.parse((await forward()).body.toString());
      // Said to be throttled, and written all the same: what is sent again is there twice.
      answer.Records[4] = { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: "slow down" };
      return json({ ...answer, FailedRecordCount: 1 });
    });
    expect(sizes).to.deep.equal([30, 1]);
    expect(report).to.include({ verdict: "verified", eventsAcknowledged: 30, eventsDuplicated: 1 });
    expect(codes(report)).to.deep.equal(["duplicates-unexplained"]);
  });

  it("does not believe a FailedRecordCount of 0", async () => {
    const report = await verdictUnder(async ({ operation, earlier, body }) => {
      if (operation !== "PutRecords" || earlier > 0) return undefined;
      const { Records } = JSON.parse(body.toString());
      return json({ FailedRecordCount: 0, Records: Records.map(() => ({ ErrorCode: "InternalFailure" })) });
    });
    expect(report).to.include({
      verdict: "verified",
      eventsAcknowledged: 30,
      eventsDelivered: 30,
      eventsDuplicated: 0,
    });
  });

  it("fails with the cause if the stream's key is disabled", async () => {
    const refusal = json({ __type: "KMSDisabledException", message: "key is disabled" }, 400);
    const report = await verdictUnder(({ operation }) => (operation === "PutRecords" ? refusal : undefined));
    expect(report).to.include({
      verdict: "failed",
      eventsSent: 30,
      eventsNotDelivered: 30,
      eventsUnknown: 0,
    });
    expect(codes(report)).to.deep.equal(["write-refused", "events-refused"]);
    expect(report.findings[0]).to.have.property("message").that.includes("KMSDisabledException");
    expect(report.findings[0]?.remedy).to.include("enable it");
  });

  it("is undecided if its own credentials expire, which says nothing about the stream", async () => {
    const expired = json({ __type: "ExpiredTokenException", message: "expired" }, 400);
    const report = await verdictUnder(
      ({ operation, earlier }) => (operation === "PutRecords" && earlier > 0 ? expired : undefined),
      generateEvents({ events: 700 }),
      { capacityShare: 1 },
    );
    expect(report).to.include({
      verdict: "undecided",
      eventsDelivered: 500,
      eventsNotDelivered: 0,
      eventsUnknown: 200,
    });
    expect(codes(report)).to.deep.equal(["sender-failed"]);
  });

  describe("of whether the role can be assumed,", () => {
    const silent: Lie = ({ body }) =>
      body.includes("Action=AssumeRole")
        ? {
            status: 500,
            body: Buffer.from("<ErrorResponse><Error><Code>InternalFailure</Code></Error></ErrorResponse>"),
          }
        : undefined;
    const weights = (findings: Finding[]) => findings.map(({ code, severity }) => `${code} ${severity}`);

    it("is undecided if STS gave no response", async () => {
      const { verdict, eventsSent, findings } = await verdictUnder(silent, undefined, { route: "role" });
      expect([verdict, eventsSent]).to.deep.equal(["undecided", 0]);
      expect(weights(findings)).to.deep.equal(["role-not-assumable undetermined"]);
    });

    const others: [what: string, answer: Answer][] = [
      ["a proxy's page", { status: 403, body: Buffer.from("<html>ask your administrator</html>") }],
      ["a proxy's word", { status: 403, body: Buffer.from("Forbidden") }],
      [
        "a proxy that wants a password",
        {
          status: 407,
          body: Buffer.from("<ErrorResponse><Error><Code>Unauthenticated</Code></Error></ErrorResponse>"),
        },
      ],
      [
        "an endpoint without the call",
        {
          status: 400,
          body: Buffer.from("<ErrorResponse><Error><Code>InvalidAction</Code></Error></ErrorResponse>"),
        },
      ],
    ];
    for (const [what, answer] of others) {
      it(`is undecided if ${what} responds in place of STS`, async () => {
        const lie: Lie = ({ body }) => (body.includes("Action=AssumeRole") ? answer : undefined);
        const { verdict, findings } = await verdictUnder(lie, undefined, { route: "role" });
        expect([verdict, ...weights(findings)]).to.deep.equal([
          "undecided",
          "role-not-assumable undetermined",
        ]);
      });
    }

    it("sends nothing, and says why, if only sending was requested", async () => {
      const proxy = await startLyingProxy(aws.endpoint, silent);
      try {
        const { outcome, findings } = await sendEvents({
          outputs: await deploy(aws, { shards: 1 }),
          source: generateEvents({ events: 3 }),
          route: "role",
          credentials: aws.principals.operator,
          senderCredentials: aws.principals.amplitude,
          endpoint: proxy.endpoint,
          propagationSeconds: 0,
        });
        expect(outcome).to.equal("undecided");
        expect(weights(findings)).to.deep.equal([
          "role-not-assumable undetermined",
          "sender-failed undetermined",
        ]);
        expect(findings[1]?.message).to.match(/after 0 events: the role could not be assumed\. /);
      } finally {
        await proxy.stop();
      }
    });

    it("says that it wrote as the operator instead", async () => {
      const { verdict, route, findings } = await verdictUnder(silent);
      expect([verdict, route]).to.deep.equal(["verified", "operator"]);
      expect(weights(findings)).to.deep.equal(["role-not-assumable warning"]);
    });
  });

  it("gives up at Ctrl-C though the list of shards never comes", async () => {
    const ctrlC = new AbortController();
    const unanswered: Lie = async ({ operation }) => {
      if (operation !== "ListShards") return undefined;
      ctrlC.abort();
      return new Promise<undefined>(() => {});
    };
    const { verdict, eventsSent } = await verdictUnder(unanswered, undefined, { signal: ctrlC.signal });
    expect([verdict, eventsSent]).to.deep.equal(["undecided", 0]);
  });

  it("is undecided, and sends no more, if the stream stops being readable while it sends", async () => {
    const refusal = json({ __type: "AccessDeniedException", message: "no longer" }, 400);
    let writes = 0;
    const report = await verdictUnder(
      ({ operation, earlier }) => {
        if (operation === "PutRecords") writes += 1;
        return operation === "GetRecords" && earlier > 0 && writes > 0 ? refusal : undefined;
      },
      generateEvents({ events: 20_000 }),
    );
    expect(report).to.include({ verdict: "undecided", eventsNotDelivered: 0 });
    expect(report.eventsSent).to.be.within(1, 19_999);
    expect(codes(report)).to.include("stream-not-readable");
  });

  it("is undecided, says why, and sends nothing if the stream gives no response", async () => {
    const report = await verdictUnder(
      ({ operation }) => (operation === "GetRecords" ? new Promise(() => undefined) : undefined),
      undefined,
      { timeoutSeconds: 1 },
    );
    expect(report).to.include({ verdict: "undecided", eventsSent: 0 });
    expect(codes(report)).to.deep.equal(["stream-not-readable"]);
  });

  it("is undecided, though every event was read, if a shard has not been read to the end of the run", async () => {
    let given = 0;
    const report = await verdictUnder(
      async ({ operation, forward }) => {
        if (operation !== "GetRecords") return undefined;
        // The shard falls silent behind its last record.
        if (given === 30) return new Promise<never>(() => undefined);
        const answer = JSON.parse((await forward()).body.toString());
        given += answer.Records.length;
        return json({ ...answer, MillisBehindLatest: answer.Records.length === 0 ? 0 : 1 });
      },
      undefined,
      { timeoutSeconds: 1 },
    );
    expect(report).to.include({ verdict: "undecided", eventsDelivered: 30, eventsUnknown: 0 });
    expect(codes(report)).to.deep.equal(["stream-not-readable"]);
    expect(report.findings[0]?.message).to.include("shardId-000000000000");
  });

  it("is undecided too if the records are requested once all are sent, and the clocks are known only to the second", async () => {
    let [isSent, readings, given] = [false, 0, 0];
    const report = await verdictUnder(
      async ({ operation, forward, body }) => {
        if (operation === "PutRecords") {
          const answer = await forward();
          isSent = true;
          return answer;
        }
        if (operation !== "GetRecords") return undefined;
        if (given === 30) return new Promise<never>(() => undefined);
        const { ShardIterator } = JSON.parse(body.toString());
        if (isSent) readings += 1;
        // The first ones may have been asked for before sending had ended.
        if (readings < 10)
          return json({ Records: [], NextShardIterator: ShardIterator, MillisBehindLatest: 60_000 });
        const answer = JSON.parse((await forward()).body.toString());
        given += answer.Records.length;
        return json({ ...answer, MillisBehindLatest: 1 });
      },
      undefined,
      { timeoutSeconds: 4 },
    );
    expect(report).to.include({ verdict: "undecided", eventsDelivered: 30 });
  });

  it("is undecided if the stream stops being readable", async () => {
    const refusal = json({ __type: "AccessDeniedException", message: "no longer" }, 400);
    const report = await verdictUnder(({ operation, earlier }) =>
      operation === "GetRecords" && earlier > 0 ? refusal : undefined,
    );
    expect(report).to.include({
      verdict: "undecided",
      eventsDelivered: 0,
      eventsNotDelivered: 0,
      eventsUnknown: 30,
    });
    expect(codes(report)).to.have.members(["stream-not-readable", "events-unread"]);
  });
});
