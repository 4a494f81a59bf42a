import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { keptOpen } from "../../../delivery/aws/clients";
import { KinesisProtocol } from "../../../delivery/aws/codec/kinesisProtocol";
import { failureOf } from "../kinesis/streamReading";

const SILENCE_MS = 60;

/** More of the answer, again and again, before the client takes it for silent. */
function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write(" "), SILENCE_MS / 4);
  response.once("close", () => clearInterval(timer));
}

describe("A connection that is kept open", () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function putTo(answer: (response: ServerResponse) => void): Promise<unknown> {
    server = createServer((request, response) => {
      request.resume().once("end", () => answer(response));
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const requestHandler = keptOpen(SILENCE_MS);
    const client = new KinesisClient({
      region: "eu-central-1",
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
      requestHandler,
      protocol: KinesisProtocol,
      maxAttempts: 1,
    });
    const Records = [{ PartitionKey: "key", Data: Buffer.from("event") }];
    try {
      return await failureOf(client.send(new PutRecordsCommand({ StreamName: "events", Records })));
    } finally {
      requestHandler.destroy();
    }
  }

  const silences: [what: string, answer: (response: ServerResponse) => void][] = [
    ["an answer", () => {}],
    [
      "the rest of an answer that has begun",
      (response) => {
        response.writeHead(200, { "content-type": "application/x-amz-json-1.1", "content-length": 100 });
        response.write('{"Records":[');
      },
    ],
    [
      "an answer that drips, its length known",
      (response) => {
        response.writeHead(200, { "content-type": "application/x-amz-json-1.1", "content-length": 10_000 });
        drip(response);
      },
    ],
    [
      "an answer that drips, its length unknown",
      (response) => {
        response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
        drip(response);
      },
    ],
  ];
  it("waits for nothing once an answer has ended", async () => {
    const { setInterval: set, clearInterval: clear } = globalThis;
    const waiting = new Set<unknown>();
    const [setAndKept, clearKept] = [
      (...[action, ms]: [() => void, number]) => {
        const timer = set(action, ms);
        waiting.add(timer);
        return timer;
      },
      (timer: NodeJS.Timeout) => {
        ended += waiting.delete(timer) ? 1 : 0;
        clear(timer);
      },
    ];
    let ended = 0;
    Object.assign(globalThis, { setInterval: setAndKept, clearInterval: clearKept });
    try {
      expect(await putTo((response) => response.end('{"FailedRecordCount":0,"Records":[]}'))).to.equal(
        undefined,
      );
      // The answer is closed in the turn after its end.
      await new Promise(setImmediate);
    } finally {
      Object.assign(globalThis, { setInterval: set, clearInterval: clear });
    }
    expect([...waiting]).to.deep.equal([]);
    expect(ended).to.be.greaterThan(0);
  });

  it("waits for an answer that goes on, however long it takes", async () => {
    const PIECE = " ".repeat(20_000);
    let pieces = 0;
    const answered = putTo((response) => {
      response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
      const timer = setInterval(() => {
        pieces += 1;
        if (pieces < 12) response.write(PIECE);
        else response.end('{"FailedRecordCount":0,"Records":[]}');
        if (pieces === 12) clearInterval(timer);
      }, SILENCE_MS / 3);
    });
    expect(await answered).to.equal(undefined);
    expect(pieces).to.equal(12);
  });

  for (const [what, answer] of silences) {
    it(`does not wait for ever for ${what}`, async () => {
      expect(await putTo(answer))
        .to.be.an("error")
        .with.property("name", "TimeoutError");
    });
  }
});
