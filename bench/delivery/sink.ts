/**
 * An endpoint that answers as fast as it can, in a separate process: PutRecords positionally, for as many records as
 * came; GetRecords always with the same full answer. It decides nothing, and keeps what is sent to a stream named `verify-…`
 * alone. Arguments: the files of both kinds of events, milliseconds of latency, and where TLS is wanted a key and a
 * certificate. Prints its port.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { readEvents } from "./events";
import { isOfVerifying, roomFor, verifyingAnswer } from "./sinkStream";

const [, , eventsFile = "", generatedFile = "", latency = "0", key = "", cert = ""] = process.argv;
const RECORDS_A_READING = 5_000;
const KEY = Buffer.from('"PartitionKey":');

const putAnswers = new Map<number, Buffer>();

function putAnswer(records: number): Buffer {
  const known = putAnswers.get(records);
  if (known !== undefined) return known;
  const sequence = (index: number) => String(49_546_986_683_135_544_286_507_457_936n + BigInt(index));
  const Records = Array.from({ length: records }, (_, index) => ({
    SequenceNumber: sequence(index),
    ShardId: "shardId-000000000000",
  }));
  const answer = Buffer.from(JSON.stringify({ FailedRecordCount: 0, Records }));
  putAnswers.set(records, answer);
  return answer;
}

function readAnswer(file: string): Buffer {
  const events = readEvents(file);
  const Records = Array.from({ length: RECORDS_A_READING }, (_, index) => ({
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

interface Answer {
  status: number;
  body: Buffer;
}

/** By the text of the request: its iterator. */
const readings = [
  { asked: Buffer.from('"generated"'), answer: readAnswer(generatedFile) },
  { asked: Buffer.from(""), answer: readAnswer(eventsFile) },
];
const readingOf = (body: Buffer) => readings.find(({ asked }) => body.includes(asked))?.answer ?? body;

async function answerTo(target: string, body: Buffer): Promise<Answer> {
  if (isOfVerifying(target, body)) {
    await roomFor(target);
    return verifyingAnswer(target, body);
  }
  return { status: 200, body: target.endsWith("GetRecords") ? readingOf(body) : putAnswer(countOf(body)) };
}

function serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", async () => {
    const target = String(incoming.headers["x-amz-target"] ?? "");
    const { status, body } = await answerTo(target, Buffer.concat(chunks));
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
