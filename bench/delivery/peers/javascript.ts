import { type EventEmitter, once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { CREDENTIALS, keyOf, REGION } from "../byHand";
import type { Bench } from "../paths";

/** The used parts of the peers, which have no types. */
interface RecordStream extends EventEmitter {
  write(event: object): boolean;
}
type Stream = new (...options: unknown[]) => RecordStream;
interface KinesisV2 {
  putRecords(input: object, callback: (error: unknown, answer: unknown) => void): void;
}
interface Sdk {
  Kinesis: new (options: object) => KinesisV2;
}

const BATCH = 500;
const STREAM = "bench";
/** Event that `kinesis-streams` emits for a sent batch. */
const SENT = "kinesis.putRecords";

/** `aws-kinesis-writable` of npm, on version 2 of the SDK. It says nothing of a batch that was sent: its client does. */
export function awsKinesisWritable(bench: Bench): (batch: object[]) => Promise<void> {
  const { load, client } = peersOf(bench);
  const KinesisStream = load<Stream>("aws-kinesis-writable");
  const sdk = client();
  return written(() => {
    const kinesis = {
      putRecords: (input: object, callback: (error: unknown, answer: unknown) => void) =>
        sdk.putRecords(input, (error, answer) => {
          callback(error, answer);
          stream.emit(SENT);
        }),
    };
    const options = { kinesis, streamName: STREAM, objectMode: true, buffer: { length: BATCH } };
    const stream = new KinesisStream({ ...options, partitionKey: () => keyOf(0) });
    return stream;
  });
}

/** `kinesis-streams` of npm, on version 2 of the SDK. */
export function kinesisStreams(bench: Bench): (batch: object[]) => Promise<void> {
  const { load, client } = peersOf(bench);
  const { KinesisWritable } = load<{ KinesisWritable: Stream }>("kinesis-streams");
  const kinesis = client();
  return written(() => new KinesisWritable(kinesis, STREAM, { highWaterMark: BATCH }));
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

/** A batch goes out once its last event is written; a stream that has sent one takes the next. */
function written(create: () => RecordStream): (batch: object[]) => Promise<void> {
  const idle: RecordStream[] = [];
  return async (batch) => {
    const stream = idle.pop() ?? create();
    const sent = once(stream, SENT);
    for (const event of batch) stream.write(event);
    await sent;
    idle.push(stream);
  };
}
