import { type EventEmitter, once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { CREDENTIALS, keyOf, REGION } from "../handWritten";
import type { Bench } from "../paths";

/** The parts of the peers that are used here. They have no types. */
interface RecordStream extends EventEmitter {
  write(event: object): boolean;
}
type Stream = new (...options: unknown[]) => RecordStream;
interface KinesisV2 {
  putRecords(input: object, callback: (error: unknown, output: unknown) => void): void;
}
interface Sdk {
  Kinesis: new (options: object) => KinesisV2;
}

const BATCH = 500;
const STREAM = "bench";
/** Event that `kinesis-streams` emits for a sent batch. */
const SENT = "kinesis.putRecords";

/** `aws-kinesis-writable` from npm, on version 2 of the SDK. It emits nothing when a batch was sent, so its client does. */
export function awsKinesisWritable(bench: Bench): (batch: object[]) => Promise<void> {
  const { load, client } = peersOf(bench);
  const KinesisStream = load<Stream>("aws-kinesis-writable");
  const sdk = client();
  return writeBatches(() => {
    const kinesis = {
      putRecords: (input: object, callback: (error: unknown, output: unknown) => void) =>
        sdk.putRecords(input, (error, output) => {
          callback(error, output);
          stream.emit(SENT);
        }),
    };
    const options = { kinesis, streamName: STREAM, objectMode: true, buffer: { length: BATCH } };
    const stream = new KinesisStream({ ...options, partitionKey: () => keyOf(0) });
    return stream;
  });
}

/** `kinesis-streams` from npm, on version 2 of the SDK. */
export function kinesisStreams(bench: Bench): (batch: object[]) => Promise<void> {
  const { load, client } = peersOf(bench);
  const { KinesisWritable } = load<{ KinesisWritable: Stream }>("kinesis-streams");
  const kinesis = client();
  return writeBatches(() => new KinesisWritable(kinesis, STREAM, { highWaterMark: BATCH }));
}

function peersOf({ endpoint, peers }: Bench) {
  const load = <T>(name: string): T => createRequire(join(peers, "package.json"))(name);
  process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";
  const { Kinesis } = load<Sdk>("aws-sdk");
  const protocol = load<{ Agent: new (options: object) => object }>(
    endpoint.startsWith("https") ? "node:https" : "node:http",
  );
  const agent = new protocol.Agent({ keepAlive: true });
  const client = () =>
    new Kinesis({ endpoint, region: REGION, credentials: CREDENTIALS, httpOptions: { agent } });
  return { load, client };
}

/** Writes each batch to an idle stream, which sends it after its last event. */
function writeBatches(create: () => RecordStream): (batch: object[]) => Promise<void> {
  const idle: RecordStream[] = [];
  return async (batch) => {
    const stream = idle.pop() ?? create();
    const sent = once(stream, SENT);
    for (const event of batch) stream.write(event);
    await sent;
    idle.push(stream);
  };
}
