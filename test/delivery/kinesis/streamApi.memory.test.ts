import type { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { EncodedPutRecords } from "../../../delivery/aws/codec/putRecords";
import { putRecordsTo } from "../../../delivery/kinesis/streamApi";

const signal = new AbortController().signal;
const records = (content: string) => [{ index: 0, partitionKey: "k", bytes: Buffer.from(content) }];

/** A client whose requests stay in flight until the test settles them. */
function openRequests() {
  const requests: { body: Buffer; respond: () => void; fail: () => void }[] = [];
  const client = {
    send: ({ input }: PutRecordsCommand) =>
      new Promise((resolve, reject) => {
        if (!(input instanceof EncodedPutRecords)) throw new Error("the body is not encoded");
        requests.push({
          body: input.body,
          respond: () => resolve({ Records: [] }),
          fail: () => reject(new Error("socket hang up")),
        });
      }),
  } as unknown as KinesisClient;
  return { put: putRecordsTo(client, "events"), requests };
}

describe("The memory of PutRecords bodies", () => {
  it("is reused after the response", async () => {
    const { put, requests } = openRequests();
    const first = put(records("first"), signal);
    requests[0]?.respond();
    await first;
    void put(records("second"), signal);
    expect(requests[1]?.body.buffer).to.equal(requests[0]?.body.buffer);
  });

  it("is not reused while its request is in flight", () => {
    const { put, requests } = openRequests();
    void put(records("first"), signal);
    const sent = String(requests[0]?.body);
    void put(records("second"), signal);
    expect(String(requests[0]?.body)).to.equal(sent);
  });

  it("is not reused after a failure, because the socket may still read it", async () => {
    const { put, requests } = openRequests();
    const first = put(records("first"), signal).catch(() => undefined);
    const sent = String(requests[0]?.body);
    requests[0]?.fail();
    await first;
    void put(records("second"), signal);
    expect(String(requests[0]?.body)).to.equal(sent);
  });

  it("is replaced if a larger body doesn't fit", async () => {
    const { put, requests } = openRequests();
    const first = put(records("first"), signal);
    requests[0]?.respond();
    await first;
    void put(records("x".repeat(10_000)), signal);
    const { Records } = JSON.parse(String(requests[1]?.body));
    expect(Buffer.from(Records[0].Data, "base64").length).to.equal(10_000);
  });
});
