/**
 * An endpoint that responds as fast as it can, in a separate process: to PutRecords with one entry per record, to GetRecords
 * always with the same full response. It stores records only for streams named `verify-…`. Arguments: the files of both
 * kinds of events, the latency in ms, and for TLS a key and a certificate. It prints its port.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { readEvents } from "./events";
import { isOfVerify, verifyResponse, waitForRoom } from "./sinkStreams";

const [, , eventsFile = "", generatedFile = "", latency = "0", key = "", cert = ""] = process.argv;
const RECORDS_PER_READ = 5_000;
const KEY = Buffer.from('"PartitionKey":');

const putResponses = new Map<number, Buffer>();

function putResponse(records: number): Buffer {
  const known = putResponses.get(records);
  if (known !== undefined) return known;
  const sequence = (index: number) => String(49_546_986_683_135_544_286_507_457_936n + BigInt(index));
  const Records = Array.from({ length: records }, (_, index) => ({
    SequenceNumber: sequence(index),
    ShardId: "shardId-000000000000",
  }));
  const response = Buffer.from(JSON.stringify({ FailedRecordCount: 0, Records }));
  putResponses.set(records, response);
  return response;
}

function readResponse(file: string): Buffer {
  const events = readEvents(file);
  const Records = Array.from({ length: RECORDS_PER_READ }, (_, index) => ({
    ApproximateArrivalTimestamp: 1_767_225_600.123,
    Data: events[index % events.length]?.toString("base64"),
    PartitionKey: `amplitude-kinesis.bench.${index}`,
    SequenceNumber: String(49_546_986_683_135_544_286_507_457_936n + BigInt(index)),
  }));
  return Buffer.from(JSON.stringify({ MillisBehindLatest: 0, NextShardIterator: "next", Records }));
}

function countOf(body: Buffer): number {
  let count = 0;
  for (let at = body.indexOf(KEY); at !== -1; at = body.indexOf(KEY, at + KEY.length)) count += 1;
  return count;
}

interface SinkResponse {
  status: number;
  body: Buffer;
}

/** Responses of GetRecords by the iterator that the request contains. */
const reads = [
  { iterator: Buffer.from('"generated"'), response: readResponse(generatedFile) },
  { iterator: Buffer.from(""), response: readResponse(eventsFile) },
];
const readOf = (body: Buffer) => reads.find(({ iterator }) => body.includes(iterator))?.response ?? body;

async function respondTo(target: string, body: Buffer): Promise<SinkResponse> {
  if (isOfVerify(target, body)) {
    await waitForRoom(target);
    return verifyResponse(target, body);
  }
  return { status: 200, body: target.endsWith("GetRecords") ? readOf(body) : putResponse(countOf(body)) };
}

function serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", async () => {
    const target = String(incoming.headers["x-amz-target"] ?? "");
    const { status, body } = await respondTo(target, Buffer.concat(chunks));
    const headers = { "content-type": "application/x-amz-json-1.1", "content-length": body.length };
    const send = () => outgoing.writeHead(status, { ...headers, "x-amzn-requestid": "bench" }).end(body);
    if (latency === "0") send();
    else setTimeout(send, Number(latency));
  });
}

const server =
  key === ""
    ? createServer(serve)
    : createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, serve);
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
