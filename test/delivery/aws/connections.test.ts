import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { KinesisProtocol } from "../../../delivery/aws/clients";
import { keepAliveHandler } from "../../../delivery/aws/connections";
import { awsError, describeError, UNREADABLE } from "../../../delivery/aws/errors";
import { failureOf } from "../kinesis/streamReading";

const SILENCE_MS = 60;
const RESPONSE_MS = 417;

/** Sends a piece of the response at intervals shorter than the timeout. */
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

  async function putTo(
    answer: (response: ServerResponse) => void,
    [silenceMs, responseMs] = [30_000, 30_000],
  ): Promise<unknown> {
    server = createServer((request, response) => {
      request.resume().once("end", () => answer(response));
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const requestHandler = keepAliveHandler({
      maxSilenceMs: silenceMs,
      maxResponseMs: responseMs,
      maxResponseBytes: 1024 * 1024,
    });
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
  it("leaves no timer behind once a response has ended", async () => {
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    const waiting = new Set<unknown>();
    let started = 0;
    const countingSet = (action: () => void, ms: number) => {
      const timer = set(action, ms);
      if (ms === RESPONSE_MS) {
        waiting.add(timer);
        started += 1;
      }
      return timer;
    };
    const countingClear = (timer: NodeJS.Timeout) => {
      waiting.delete(timer);
      clear(timer);
    };
    Object.assign(globalThis, { setTimeout: countingSet, clearTimeout: countingClear });
    try {
      const records = '{"FailedRecordCount":0,"Records":[]}';
      expect(await putTo((response) => response.end(records), [30_000, RESPONSE_MS])).to.equal(undefined);
      // A response closes one turn after its end.
      await new Promise(setImmediate);
    } finally {
      Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
    }
    expect([waiting.size, started]).to.deep.equal([0, 1]);
  });

  it("waits longer than the silence for a response that goes on", async () => {
    let pieces = 0;
    const failure = putTo(
      (response) => {
        response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
        const timer = setInterval(() => {
          pieces += 1;
          if (pieces < 6) response.write(" ");
          else response.end('{"FailedRecordCount":0,"Records":[]}');
          if (pieces === 6) clearInterval(timer);
        }, 150);
      },
      [600, 30_000],
    );
    expect(await failure).to.equal(undefined);
    expect(pieces).to.equal(6);
  });

  it("takes a web page for a response that did not come from AWS, whatever the service's format", async () => {
    const failure = await putTo((response) => {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
      response.end("<html><PutRecordsResponse/></html>");
    });
    expect(describeError(failure)).to.equal(UNREADABLE);
    expect(awsError(failure)).to.not.have.property("httpStatus");
  });

  it("names a redirect, which AWS doesn't use, without the query of its target", async () => {
    const failure = await putTo((response) => {
      response.writeHead(302, { location: "https://login.example/start?token=secret" }).end();
    });
    expect(describeError(failure)).to.equal(
      "HTTP 302 redirects to https://login.example; check for a proxy or another service at this address",
    );
  });

  it("names a status that comes without the code of an error", async () => {
    const failure = await putTo((response) => response.writeHead(429).end());
    expect(describeError(failure)).to.match(/^HTTP 429 without an error code; check for a proxy/);
  });

  const bodies: [what: string, headers: Record<string, string>][] = [
    ["a body without end", {}],
    ["a body whose length is too large", { "content-length": "9000000000" }],
  ];
  for (const [what, headers] of bodies) {
    it(`reads no more of ${what} than a response can have`, async () => {
      let written = 0;
      const failure = await putTo(
        (response) => {
          response.writeHead(200, { "content-type": "application/x-amz-json-1.1", ...headers });
          const chunk = Buffer.alloc(16 * 1024, " ");
          const write = () => {
            while (!response.destroyed && response.write(chunk)) written += chunk.length;
          };
          response.on("drain", write);
          write();
        },
        [30_000, 30_000],
      );
      expect(describeError(failure)).to.match(/^the response is longer than 1 MiB; check for a proxy/);
      expect(written).to.be.lessThan(16 * 1024 * 1024);
    });
  }

  for (const [what, answer] of silences) {
    it(`does not wait forever for ${what}`, async () => {
      expect(await putTo(answer, [SILENCE_MS, RESPONSE_MS]))
        .to.be.an("error")
        .with.property("name", "TimeoutError");
    });
  }
});
