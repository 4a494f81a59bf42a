import { once } from "node:events";
import { IncomingMessage, request } from "node:http";
import { type AddressInfo, createServer, type Server, Socket } from "node:net";
import { expect } from "chai";
import { AnswerBodies } from "../../../../delivery/aws/codec/responseBody";

describe("an answer's body", () => {
  let server: Server;
  let raw: string;
  beforeEach(async () => {
    server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(raw, "latin1"));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(() => {
    server.close();
  });

  const sdkWay = () => Promise.resolve(Buffer.from("the SDK's way"));
  const answer = async (text: string): Promise<IncomingMessage> => {
    raw = text;
    const asked = request({
      host: "127.0.0.1",
      port: (server.address() as AddressInfo).port,
      agent: false,
    }).end();
    const [incoming] = await once(asked, "response");
    return incoming;
  };
  const ofLength = (body: string, length = body.length) =>
    answer(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`);

  it("is the bytes that came, however many chunks they came in", async () => {
    const body = "0123456789".repeat(50_000);
    const { bytes } = await new AnswerBodies().collect(await ofLength(body), sdkWay);
    expect(Buffer.from(bytes).toString("latin1") === body).to.equal(true);
  });

  it("lies in memory of the one before, once that was released, and not earlier", async () => {
    const bodies = new AnswerBodies();
    const first = await bodies.collect(await ofLength("first"), sdkWay);
    const second = await bodies.collect(await ofLength("second"), sdkWay);
    expect(second.bytes.buffer).to.not.equal(first.bytes.buffer);
    expect(String(first.bytes)).to.equal("first");
    first.release();
    const third = await bodies.collect(await ofLength("third one"), sdkWay);
    expect(third.bytes.buffer).to.equal(first.bytes.buffer);
    expect([String(second.bytes), String(third.bytes)]).to.deep.equal(["second", "third one"]);
  });

  describe("in chunks", () => {
    const chunksOf = (incoming: IncomingMessage): Buffer[] => {
      const chunks: Buffer[] = [];
      const push = incoming.push.bind(incoming);
      incoming.push = (chunk: Buffer | null) => {
        if (chunk !== null) chunks.push(chunk);
        return push(chunk);
      };
      return chunks;
    };
    const body = "0123456789".repeat(50_000);
    const length = (chunks: Buffer[]) => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

    it("frees them at once, where nobody else has seen them", async () => {
      const incoming = await ofLength(body);
      const chunks = chunksOf(incoming);
      const { bytes } = await new AnswerBodies().collect(incoming, sdkWay);
      expect([bytes.length, length(chunks)]).to.deep.equal([500_000, 0]);
      expect(chunks.length).to.be.greaterThan(1);
    });

    it("leaves them to whoever listens too", async () => {
      const incoming = await ofLength(body);
      const chunks: Buffer[] = [];
      const collected = new AnswerBodies().collect(incoming, sdkWay);
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      await collected;
      expect(Buffer.concat(chunks).toString("latin1") === body).to.equal(true);
    });

    it("leaves them to whoever has listened before, if only once", async () => {
      const incoming = await ofLength(body);
      const chunks: Buffer[] = [];
      incoming.once("data", (chunk: Buffer) => chunks.push(chunk));
      await new AnswerBodies().collect(incoming, sdkWay);
      expect(length(chunks)).to.be.greaterThan(0);
    });

    it("leaves those alone that Node has not read from a connection of its own", async () => {
      const incoming = new IncomingMessage(new Socket());
      incoming.headers["content-length"] = "5";
      const fixture = new Uint8Array([1, 2, 3, 4, 5]);
      incoming.push(Buffer.from(fixture.buffer));
      incoming.push(null);
      const { bytes } = await new AnswerBodies().collect(incoming, sdkWay);
      expect([...bytes]).to.deep.equal([...fixture]);
    });

    it("leaves those alone that share their memory with something else", async () => {
      const incoming = await ofLength("");
      Object.assign(incoming.headers, { "content-length": "4" });
      const slab = Buffer.from("abcdefgh");
      const collected = new AnswerBodies().collect(incoming, sdkWay);
      incoming.emit("data", slab.subarray(2, 6));
      expect(String((await collected).bytes)).to.equal("cdef");
      expect(String(slab)).to.equal("abcdefgh");
    });
  });

  it("is collected in the SDK's way where its length is not known, or none that a service gives", async () => {
    const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for (const incoming of [await answer(chunked), await ofLength("", 17 * 1024 * 1024)]) {
      incoming.on("error", () => undefined);
      const { bytes } = await new AnswerBodies().collect(incoming, sdkWay);
      expect(String(bytes)).to.equal("the SDK's way");
    }
  });

  it("is taken as it is where it is bytes already", async () => {
    const given = Buffer.from("bytes");
    expect((await new AnswerBodies().collect(given, sdkWay)).bytes).to.equal(given);
  });

  it("fails where the connection is closed before its end, though all bytes have come", async () => {
    const incoming = new IncomingMessage(new Socket());
    incoming.headers["content-length"] = "5";
    incoming.push(Buffer.from("12345"));
    incoming.on("data", () => setImmediate(() => incoming.destroy()));
    const failed = await new AnswerBodies().collect(incoming, sdkWay).catch((error: Error) => error.message);
    expect(failed).to.match(/closed in the middle|aborted/);
  });

  for (const late of ["end", "close"] as const) {
    it(`fails where it is asked for once the answer has told its ${late}`, async () => {
      const incoming = await ofLength("12345");
      incoming.resume();
      await once(incoming, late);
      const failed = await new AnswerBodies()
        .collect(incoming, sdkWay)
        .catch((error: Error) => error.message);
      expect(failed).to.match(/closed in the middle/);
    });
  }

  for (const [what, announced] of [
    ["more", 4],
    ["less", 6],
  ] as const) {
    it(`fails where ${what} comes than was announced, as a lenient parser lets through`, async () => {
      const incoming = new IncomingMessage(new Socket());
      incoming.headers["content-length"] = String(announced);
      incoming.push(Buffer.from("12345"));
      incoming.push(null);
      const failed = await new AnswerBodies().collect(incoming, sdkWay).then(
        () => undefined,
        (error: Error) => error.message,
      );
      expect(failed).to.match(/more than 4 bytes came|5 bytes came of 6/);
    });
  }

  it("fails where the connection ends before it does", async () => {
    const torn = await ofLength("half", 8);
    const failed = await new AnswerBodies().collect(torn, sdkWay).then(
      () => undefined,
      (error: Error) => error,
    );
    expect(failed).to.be.instanceOf(Error);
  });
});
