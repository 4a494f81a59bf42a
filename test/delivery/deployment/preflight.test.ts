import { expect } from "chai";
import type { ClientOptions } from "../../../delivery/aws/clients";
import { preflight } from "../../../delivery/deployment/preflight";
import { VirtualClock } from "../common/virtualClock";
import { failureOf } from "../kinesis/streamReading";

describe("The preflight", () => {
  it("ends with the signal's reason if it is aborted while credentials are looked up", async () => {
    const controller = new AbortController();
    const enough = new Error("enough");
    const operator: ClientOptions = {
      region: "eu-central-1",
      endpoint: "http://127.0.0.1:1",
      credentials: () => {
        controller.abort(enough);
        return new Promise(() => {});
      },
    };
    const found = preflight({
      outputs: { roleArn: "arn:aws:iam::111122223333:role/r", region: "eu-central-1", streamName: "events" },
      operator,
      sender: operator,
      amplitude: { accountId: "358203115967" },
      wait: { clock: new VirtualClock(), waitMs: 0, signal: controller.signal },
      onStep: () => {},
    });
    expect(await failureOf(found)).to.equal(enough);
  });
});
