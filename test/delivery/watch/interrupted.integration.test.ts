import { expect } from "chai";
import { type WatchSnapshot, watchStream } from "../../../delivery";
import { type Fixture, sharedAws } from "../../sandbox/aws/localAws";
import { startLyingProxy } from "../aws/lyingProxy";
import { deploy } from "../deployment/deploy";

describe("A watch that is interrupted before it reads", () => {
  let aws: Fixture;
  before(async () => {
    aws = await sharedAws();
  });
  after(() => aws.remove());

  for (const silent of ["GetCallerIdentity", "DescribeStreamSummary"]) {
    it(`ends at once while ${silent} gets no response`, async () => {
      const outputs = await deploy(aws, { shards: 1 });
      const interruption = new AbortController();
      let requests = 0;
      const proxy = await startLyingProxy(aws.endpoint, ({ operation, body }) => {
        if (operation !== silent && !body.includes(`Action=${silent}`)) return undefined;
        requests += 1;
        interruption.abort();
        return new Promise(() => {});
      });
      try {
        const { endpoint } = proxy;
        const credentials = aws.principals.operator;
        const { signal } = interruption;
        const snapshots: WatchSnapshot[] = [];
        for await (const each of watchStream({
          outputs,
          endpoint,
          credentials,
          signal,
          until: { events: 1 },
        }))
          snapshots.push(each);
        expect(snapshots).to.have.length(1);
        expect(snapshots[0]?.verdict).to.equal("undecided");
        expect(snapshots[0]?.findings.map(({ code }) => code)).to.have.members([
          "nothing-arrived",
          "interrupted",
        ]);
        expect(requests).to.equal(1);
      } finally {
        await proxy.stop();
      }
    });
  }
});
