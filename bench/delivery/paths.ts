import {
  GetRecordsCommand,
  type GetRecordsOutput,
  KinesisClient,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { kinesisClient, kinesisWriteClient } from "../../delivery/aws/clients";
import { keepAliveHandler } from "../../delivery/aws/connections";
import { putRecordsTo } from "../../delivery/kinesis/streamApi";
import { CREDENTIALS, encodeBody, keyOf, poster, REGION, releaseBody, signedHeaders } from "./handWritten";
import type { BenchPart } from "./parts";
import { awsKinesisWritable, kinesisStreams } from "./peers/javascript";
import { producerPath } from "./producerPath";
import { readStreamPath, reconcilePath, unpackPath } from "./reconcilePaths";
import { verifyPath } from "./verifyPath";

/** Records per request. */
const BATCH = 500;

/** Iterators under which the sink returns the events that all paths send, and those that `verify` generates. */
const POOL = "next";
const GENERATED = "generated";

/** Whether a path uses the events that `verify` generates, to be compared with it. */
export const usesGeneratedEvents = (name: string) => name.endsWith(", events of verify");

/** Whether a path works on the hour that is reconciled, as a whole. */
export const isOfReconcile = (name: string) => name.startsWith("reconcile:");

/** Inputs of a path. */
export interface Bench {
  endpoint: string;
  /** Events as JSON, a few MB, used in rotation. */
  events: Buffer[];
  /** Events per call, for a path that is measured as a whole and not request by request. */
  share: number;
  /** Folder of the npm peers. */
  peers: string;
  /** Folder with the exports of `share` events. */
  folder: string;
  /** Start of the hour that is reconciled, as epoch time in ms. */
  hour: number;
  /** Part of a run that is verified. Default: all of it. */
  part?: BenchPart | undefined;
}

/** Returns a call, usually of one request, that resolves to its number of events. */
export type Path = (bench: Bench) => () => Promise<number>;

/** Returns a call that sends the next batch of the pool. */
function overBatches<T>(pool: T[], send: (batch: T[]) => Promise<unknown>): () => Promise<number> {
  let at = 0;
  return async () => {
    const batch = pool.slice(at, at + BATCH);
    at = (at + BATCH) % pool.length;
    await send(batch);
    return batch.length;
  };
}

const plainClient = ({ endpoint }: Bench) =>
  new KinesisClient({
    endpoint,
    region: REGION,
    credentials: CREDENTIALS,
    requestHandler: keepAliveHandler(),
  });
const options = ({ endpoint }: Bench) => ({ endpoint, region: REGION, credentials: CREDENTIALS });

const putWith = (client: KinesisClient) => (batch: Buffer[]) =>
  client.send(
    new PutRecordsCommand({
      StreamName: "bench",
      Records: batch.map((Data, index) => ({ Data, PartitionKey: keyOf(index) })),
    }),
  );

function ours(bench: Bench) {
  const put = putRecordsTo(kinesisWriteClient(options(bench)), "bench");
  const signal = new AbortController().signal;
  return (batch: Buffer[]) =>
    put(
      batch.map((bytes, index) => ({ index, bytes, partitionKey: keyOf(index) })),
      signal,
    );
}

const objectsOf = ({ events }: Bench): object[] => events.map((event) => JSON.parse(event.toString()));
const encoded = (event: object) => Buffer.from(JSON.stringify(event));

export const PATHS = {
  "write: limit A, bodies encoded and signed beforehand": (bench) => {
    const post = poster(bench.endpoint);
    const requests = signedRequests(bench);
    let at = 0;
    return async () => {
      const { body, headers } = requests[at++ % requests.length] ?? { body: Buffer.alloc(0), headers: {} };
      await post(body, headers);
      return BATCH;
    };
  },
  "write: limit B, from bytes by hand": ({ endpoint, events }) => {
    const post = poster(endpoint);
    return overBatches(events, async (batch) => {
      const body = encodeBody(batch);
      JSON.parse(String(await post(body, signedHeaders(endpoint, "PutRecords", body))));
      releaseBody(body);
    });
  },
  "write: the SDK, from bytes": (bench) => overBatches(bench.events, putWith(plainClient(bench))),
  "write: ours, from bytes": (bench) => overBatches(bench.events, ours(bench)),
  "write: ours, the whole producer": (bench) => producerPath(bench, options(bench)),
  "write: the SDK, from objects": (bench) => {
    const put = putWith(plainClient(bench));
    return overBatches(objectsOf(bench), (batch) => put(batch.map(encoded)));
  },
  "write: ours, from objects": (bench) => {
    const put = ours(bench);
    return overBatches(objectsOf(bench), (batch) => put(batch.map(encoded)));
  },
  "write: aws-kinesis-writable, from objects": (bench) =>
    overBatches(objectsOf(bench), awsKinesisWritable(bench)),
  "write: kinesis-streams, from objects": (bench) => overBatches(objectsOf(bench), kinesisStreams(bench)),
  "write: ours, events of verify": (bench) => overBatches(bench.events, ours(bench)),
  "read: by hand": ({ endpoint }) => {
    const post = poster(endpoint);
    const body = Buffer.from('{"ShardIterator":"next"}');
    return async () => {
      const { Records } = JSON.parse(String(await post(body, signedHeaders(endpoint, "GetRecords", body))));
      return Records.map(({ Data }: { Data: string }) => Buffer.from(Data, "base64")).length;
    };
  },
  "read: the SDK": (bench) => {
    const client = plainClient(bench);
    return async () => countOf(await readFrom(client, POOL));
  },
  "read: ours": (bench) => readWithOurs(bench, POOL),
  "read: ours, events of verify": (bench) => readWithOurs(bench, GENERATED),
  "verify: generate, hash, send, read, match": (bench) => verifyPath(bench, CREDENTIALS),
  "reconcile: an export and a stream of the same bytes": (bench) => reconcilePath(bench, "same"),
  "reconcile: an export and a stream with user properties as strings": (bench) =>
    reconcilePath(bench, "strings"),
  "reconcile: only reading the stream": readStreamPath,
  "reconcile: only decompressing the export": unpackPath,
} satisfies Record<string, Path>;

export type PathName = keyof typeof PATHS;

const readFrom = (client: KinesisClient, ShardIterator: string) =>
  client.send(new GetRecordsCommand({ ShardIterator }));
const countOf = ({ Records = [] }: GetRecordsOutput) => Records.length;

function readWithOurs(bench: Bench, iterator: string): () => Promise<number> {
  const client = kinesisClient(options(bench));
  return async () => countOf(await readFrom(client, iterator));
}

function signedRequests({ endpoint, events }: Bench) {
  return Array.from({ length: events.length / BATCH }, (_, index) => {
    const body = encodeBody(events.slice(index * BATCH, (index + 1) * BATCH));
    return { body, headers: signedHeaders(endpoint, "PutRecords", body) };
  });
}
