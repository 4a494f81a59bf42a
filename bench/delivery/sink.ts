/**
 * An endpoint that answers as fast as it can, in a process of its own: PutRecords positionally, for as many records as
 * came; GetRecords always with the same full answer. It decides nothing and keeps nothing. Prints its port.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { eventBytes } from "./events";

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

function readAnswer(): Buffer {
  const Records = eventBytes(RECORDS_A_READING).map((bytes, index) => ({
    ApproximateArrivalTimestamp: 1_767_225_600.123,
    Data: bytes.toString("base64"),
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

const reading = readAnswer();
const server = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => {
    const isReading = String(incoming.headers["x-amz-target"]).endsWith("GetRecords");
    const body = isReading ? reading : putAnswer(countOf(Buffer.concat(chunks)));
    const headers = { "content-type": "application/x-amz-json-1.1", "content-length": body.length };
    outgoing.writeHead(200, { ...headers, "x-amzn-requestid": "bench" }).end(body);
  });
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
