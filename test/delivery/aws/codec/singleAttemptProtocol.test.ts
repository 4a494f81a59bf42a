import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { kinesisWriteClient } from "../../../../delivery/aws/clients";
import { MemoryPool } from "../../../../delivery/common/memoryPool";

const MIB = 1024 * 1024;

describe("memory of requests that are over", () => {
  it("is given again, where it is large enough, and to one request at a time", () => {
    const pool = new MemoryPool();
    const body = pool.take(MIB);
    pool.giveBack(body);
    expect(pool.take(2 * MIB)).to.not.equal(body);
    expect(pool.take(MIB)).to.equal(body);
    expect(pool.take(MIB)).to.not.equal(body);
  });

  it("is given in the reverse of the order in which it came back, what is too small left out", () => {
    const pool = new MemoryPool();
    const [first, second, small] = [pool.take(2 * MIB), pool.take(2 * MIB), pool.take(MIB)];
    for (const body of [first, second, small]) pool.giveBack(body);
    expect(
      [pool.take(2 * MIB), pool.take(MIB), pool.take(MIB)].map((body) =>
        [first, second, small].indexOf(body),
      ),
    ).to.deep.equal([1, 2, 0]);
  });

  it("is kept up to 16 MiB", () => {
    const pool = new MemoryPool();
    const bodies = Array.from({ length: 20 }, () => pool.take(MIB));
    for (const body of bodies) pool.giveBack(body);
    const again = bodies.map(() => pool.take(MIB));
    expect(again.filter((body) => bodies.includes(body))).to.have.length(16);
  });

  it("loses nothing for a piece that it would not keep", () => {
    const pool = new MemoryPool();
    const [small, large] = [pool.take(MIB), pool.take(17 * MIB)];
    pool.giveBack(small);
    pool.giveBack(large);
    expect(pool.take(MIB)).to.equal(small);
  });

  it("makes way for larger pieces, not for smaller ones", () => {
    const pool = new MemoryPool();
    const [small, large] = [pool.take(4 * MIB), pool.take(14 * MIB)];
    pool.giveBack(small);
    pool.giveBack(large);
    pool.giveBack(small);
    expect(pool.take(MIB)).to.equal(large);
    expect(pool.take(MIB)).to.not.equal(small);
  });
});

describe("the client that writes", () => {
  let server: Server;
  let client: KinesisClient;
  /** Connections of requests that were answered at their first bytes, the rest of which nobody reads yet. */
  let unread: { socket: Socket; first: Buffer }[];
  before(async () => {
    unread = [];
    server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (first: Buffer) => {
        socket.pause();
        unread.push({ socket, first });
        const answer = '{"FailedRecordCount":0,"Records":[]}';
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    client = kinesisWriteClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: "eu-central-1",
      credentials: { accessKeyId: "k", secretAccessKey: "s" },
    });
  });
  after(() => {
    client.destroy();
    for (const { socket } of unread) socket.destroy();
    server.close();
  });

  const put = (Data: Buffer) =>
    client.send(new PutRecordsCommand({ StreamName: "events", Records: [{ Data, PartitionKey: "k" }] }));
  /** Of the one record, in base64. */
  const dataOf = async ({ socket, first }: { socket: Socket; first: Buffer }): Promise<string> => {
    const chunks = [first];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.resume();
    while (!chunks.at(-1)?.toString("latin1").endsWith("]}")) await once(socket, "data");
    const text = Buffer.concat(chunks).toString("latin1");
    return JSON.parse(text.slice(text.indexOf("\r\n\r\n"))).Records[0].Data;
  };

  it("writes no body over one that is still on its way, though its answer has come", async () => {
    // More than the sockets of both sides hold.
    const given = ["a", "b", "c"].map((letter) => Buffer.alloc(10 * MIB, letter));
    for (const data of given) await put(data);
    const got = await Promise.all(unread.map(dataOf));
    expect(got.map((data) => data.length)).to.deep.equal(given.map((data) => data.toString("base64").length));
    for (const [index, data] of given.entries()) {
      expect(got[index] === data.toString("base64"), `request ${index}`).to.equal(true);
    }
  });
});
