import { expect } from "chai";
import { generateEvents, type VerifyOptions, verifyDelivery } from "../../delivery";
import { startInFolder } from "../sandbox/localAws";
import { deploy } from "./deployment";
import { json, startLyingProxy } from "./lyingProxy";

/** A run that its user ends while a request has had no clear answer, and goes on with once the endpoint is well. */
describe("A run that is ended between two tries", function () {
  this.timeout(20_000);
  let aws: Awaited<ReturnType<typeof startInFolder>>;
  before(async () => {
    aws = await startInFolder();
  });
  after(() => aws.remove());

  it("is verified once it is gone on with: what was to be tried again is", async () => {
    const outputs = await deploy(aws);
    const ctrlC = new AbortController();
    const proxy = await startLyingProxy(aws.endpoint, ({ operation }) => {
      if (operation !== "PutRecords" || ctrlC.signal.aborted) return undefined;
      setImmediate(() => ctrlC.abort());
      return json({ __type: "InternalFailure" }, 500);
    });
    const verify = (options: Partial<VerifyOptions>) =>
      verifyDelivery({
        outputs,
        source: generateEvents({ events: 20, seed: 1, now: () => new Date("2026-01-05T00:00:00Z") }),
        credentials: aws.principals.operator,
        senderCredentials: aws.principals.amplitude,
        endpoint: proxy.endpoint,
        propagationSeconds: 0,
        timeoutSeconds: 10,
        settleMs: 100,
        pollMs: 10,
        runFolder: aws.folder,
        ...options,
      });
    try {
      const ended = await verify({ signal: ctrlC.signal });
      expect([ended.verdict, ended.resumable, ended.eventsUnknown]).to.deep.equal(["undecided", true, 20]);
      const goneOnWith = await verify({ resume: ended.runId });
      const { verdict, eventsSent, eventsDelivered, findings } = goneOnWith;
      expect(findings).to.deep.equal([]);
      expect([verdict, eventsSent, eventsDelivered]).to.deep.equal(["verified", 20, 20]);
    } finally {
      await proxy.stop();
    }
  });
});
