import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateStreamCommand, DeleteStreamCommand, waitUntilStreamExists } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { generateEvents, type VerifyOptions, verifyDelivery } from "../../../delivery";
import { clientsOf, sharedAws } from "../../sandbox/aws/localAws";
import { until } from "../../until";
import { json, startLyingProxy } from "../aws/lyingProxy";
import { deploy } from "../deployment/deploy";

/** A run that its user ends while a request has had no clear answer, and goes on with once the endpoint is well. */
describe("A run that is ended between two tries", () => {
  let aws: Awaited<ReturnType<typeof sharedAws>>;
  before(async () => {
    aws = await sharedAws();
  });
  after(() => aws.remove());

  /** The first PutRecords gets no clear answer, carried out or not, and Ctrl-C comes before the next try; then all is well. */
  async function endedAndGoneOnWith(
    events: number,
    isCarriedOut: boolean,
    meanwhile = async (_runFile: string, _streamName: string): Promise<void> => undefined,
  ) {
    const outputs = await deploy(aws);
    const ctrlC = new AbortController();
    let sentAgain = 0;
    const proxy = await startLyingProxy(aws.endpoint, async ({ operation, body, forward }) => {
      if (operation !== "PutRecords") return undefined;
      if (ctrlC.signal.aborted) {
        sentAgain += JSON.parse(String(body)).Records.length;
        return undefined;
      }
      if (isCarriedOut) await forward();
      setImmediate(() => ctrlC.abort());
      return json({ __type: "InternalFailure" }, 500);
    });
    const verify = (options: Partial<VerifyOptions>) =>
      verifyDelivery({
        outputs,
        source: generateEvents({ events, seed: 1, now: () => new Date("2026-01-05T00:00:00Z") }),
        credentials: aws.principals.operator,
        senderCredentials: aws.principals.amplitude,
        endpoint: proxy.endpoint,
        propagationSeconds: 0,
        timeoutSeconds: 10,
        settleMs: 100,
        pollMs: 50,
        runFolder: aws.folder,
        ...options,
      });
    try {
      const ended = await verify({ signal: ctrlC.signal });
      const runFile = join(aws.folder, `${ended.runId}.run`);
      await meanwhile(runFile, outputs.streamName);
      return {
        ended,
        goneOnWith: await verify({ resume: ended.runId }),
        sentAgain: () => sentAgain,
        runFile,
      };
    } finally {
      await proxy.stop();
    }
  }

  it("is verified once it is resumed, and retries what was left open", async () => {
    const { ended, goneOnWith, sentAgain } = await endedAndGoneOnWith(20, false);
    expect([ended.verdict, ended.resumable, ended.eventsUnknown]).to.deep.equal(["undecided", true, 20]);
    const { verdict, eventsSent, eventsDelivered, findings } = goneOnWith;
    expect(findings).to.deep.equal([]);
    expect([verdict, eventsSent, eventsDelivered, sentAgain()]).to.deep.equal(["verified", 20, 20, 20]);
  });

  it("does not send again what has turned up meanwhile", async () => {
    const { ended, goneOnWith, sentAgain } = await endedAndGoneOnWith(600, true);
    expect([ended.verdict, ended.resumable, ended.eventsDelivered]).to.deep.equal(["undecided", true, 500]);
    const { verdict, eventsDelivered, eventsDuplicated } = goneOnWith;
    expect([verdict, eventsDelivered, eventsDuplicated, sentAgain()]).to.deep.equal([
      "verified",
      600,
      0,
      100,
    ]);
  });

  it("knows its own records though a power failure has cost its file all but the first line", async () => {
    const { goneOnWith } = await endedAndGoneOnWith(20, true, async (runFile) => {
      const [header] = (await readFile(runFile, "utf8")).split("\n");
      await writeFile(runFile, `${header}\n`);
    });
    const { verdict, eventsDelivered, recordsForeign, findings } = goneOnWith;
    expect([verdict, eventsDelivered, recordsForeign, findings]).to.deep.equal(["verified", 20, 0, []]);
  });

  it("is undecided, sends nothing and keeps its file if the stream was created again", async () => {
    const { goneOnWith, sentAgain, runFile } = await endedAndGoneOnWith(20, true, async (_, StreamName) => {
      const { kinesis } = clientsOf(aws, aws.principals.operator);
      await kinesis.send(new DeleteStreamCommand({ StreamName }));
      await until(async () => {
        const create = new CreateStreamCommand({ StreamName, ShardCount: 1 });
        return kinesis.send(create).then(
          () => true,
          () => false,
        );
      });
      await waitUntilStreamExists({ client: kinesis, maxWaitTime: 10, minDelay: 1 }, { StreamName });
    });
    const { verdict, resumable, eventsLost, findings } = goneOnWith;
    expect([verdict, resumable, eventsLost, sentAgain()]).to.deep.equal(["undecided", false, 0, 0]);
    expect(findings.map(({ code }) => code))
      .to.include("records-expired")
      .and.not.include("events-unread");
    expect(existsSync(runFile)).to.equal(true);
  });
});
