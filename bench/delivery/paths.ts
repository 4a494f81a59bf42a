import { createHash, createHmac } from "node:crypto";
import { Agent, request } from "node:http";
import { GetRecordsCommand, KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { keptOpen, kinesisClient, kinesisWriteClient } from "../../delivery/clients";
import { putRecordsTo } from "../../delivery/producer/putRecords";
import { eventBytes, eventObjects } from "./events";

const REGION = "us-east-1";
const CREDENTIALS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const BATCH = 500;
const POOL = 5_000;

/** One request of a path; gives how many events it carried. */
export type Path = (endpoint: string) => () => Promise<number>;

const keyOf = (index: number) => `amplitude-kinesis.bench.${index}`;

/** Calls in turn what is made of each batch of the pool. */
function overBatches<T>(pool: T[], send: (batch: T[]) => Promise<unknown>): () => Promise<number> {
  let at = 0;
  return async () => {
    const batch = pool.slice(at, at + BATCH);
    at = (at + BATCH) % pool.length;
    await send(batch);
    return batch.length;
  };
}

const plainClient = (endpoint: string) =>
  new KinesisClient({ endpoint, region: REGION, credentials: CREDENTIALS, requestHandler: keptOpen() });
const ourOptions = (endpoint: string) => ({ endpoint, region: REGION, credentials: CREDENTIALS });

const putWith = (client: KinesisClient, pool: Buffer[]) =>
  overBatches(pool, (batch) =>
    client.send(
      new PutRecordsCommand({
        StreamName: "bench",
        Records: batch.map((Data, index) => ({ Data, PartitionKey: keyOf(index) })),
      }),
    ),
  );

function ours(endpoint: string) {
  const put = putRecordsTo(kinesisWriteClient(ourOptions(endpoint)), "bench");
  const signal = new AbortController().signal;
  return (batch: Buffer[]) =>
    put(
      batch.map((bytes, index) => ({ index, bytes, partitionKey: keyOf(index) })),
      signal,
    );
}

const encoded = (event: object) => Buffer.from(JSON.stringify(event));

export const PATHS = {
  "write: limit A, bodies built and signed beforehand": (endpoint) => {
    const post = poster(endpoint);
    const bodies = Array.from({ length: POOL / BATCH }, () => bodyOf(eventBytes(BATCH)));
    const signed = bodies.map((body) => ({ body, headers: signedHeaders(endpoint, "PutRecords", body) }));
    let at = 0;
    return async () => {
      const { body, headers } = signed[at++ % signed.length] ?? { body: Buffer.alloc(0), headers: {} };
      await post(body, headers);
      return BATCH;
    };
  },
  "write: limit B, from bytes by hand": (endpoint) => {
    const post = poster(endpoint);
    return overBatches(eventBytes(POOL), async (batch) => {
      const body = bodyOf(batch);
      JSON.parse(String(await post(body, signedHeaders(endpoint, "PutRecords", body))));
    });
  },
  "write: the SDK, from bytes": (endpoint) => putWith(plainClient(endpoint), eventBytes(POOL)),
  "write: ours, from bytes": (endpoint) => overBatches(eventBytes(POOL), ours(endpoint)),
  "write: the SDK, from objects": (endpoint) => {
    const client = plainClient(endpoint);
    return overBatches(eventObjects(POOL), (batch) => putWith(client, batch.map(encoded))());
  },
  "write: ours, from objects": (endpoint) => {
    const put = ours(endpoint);
    return overBatches(eventObjects(POOL), (batch) => put(batch.map(encoded)));
  },
  "read: by hand": (endpoint) => {
    const post = poster(endpoint);
    const body = Buffer.from('{"ShardIterator":"next"}');
    return async () => {
      const { Records } = JSON.parse(String(await post(body, signedHeaders(endpoint, "GetRecords", body))));
      return Records.map(({ Data }: { Data: string }) => Buffer.from(Data, "base64")).length;
    };
  },
  "read: the SDK": (endpoint) => readWith(plainClient(endpoint)),
  "read: ours": (endpoint) => readWith(kinesisClient(ourOptions(endpoint))),
} satisfies Record<string, Path>;

export type PathName = keyof typeof PATHS;

const readWith = (client: KinesisClient) => async () => {
  const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator: "next" }));
  return Records.length;
};

function bodyOf(batch: Buffer[]): Buffer {
  const body = Buffer.allocUnsafeSlow(
    batch.reduce((sum, { length }) => sum + Math.ceil(length / 3) * 4 + 80, 40),
  );
  let end = 0;
  let text = '{"StreamName":"bench","Records":[{"Data":"';
  for (const [index, bytes] of batch.entries()) {
    end += body.write(text, end, "latin1");
    end += body.write(bytes.toString("base64"), end, "latin1");
    text = `","PartitionKey":"${keyOf(index)}"},{"Data":"`;
  }
  end += body.write(`${text.slice(0, -'{"Data":"'.length - 1)}]}`, end, "latin1");
  return body.subarray(0, end);
}

/** Signature Version 4 with nothing of the SDK. Source: AWS, "Create a signed AWS API request". */
function signedHeaders(endpoint: string, action: string, body: Buffer): Record<string, string> {
  const { host } = new URL(endpoint);
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    host,
    "x-amz-date": time,
    "x-amz-target": `Kinesis_20131202.${action}`,
  };
  const names = Object.keys(headers).join(";");
  const canonical = Object.entries(headers)
    .map(([name, value]) => `${name}:${value}\n`)
    .join("");
  const scope = `${day}/${REGION}/kinesis/aws4_request`;
  const asked = sha256(`POST\n/\n\n${canonical}\n${names}\n${sha256(body)}`);
  const key = [day, REGION, "kinesis", "aws4_request"].reduce<Buffer | string>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${CREDENTIALS.secretAccessKey}`,
  );
  const signature = createHmac("sha256", key)
    .update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${asked}`)
    .digest("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${CREDENTIALS.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...headers, authorization, "content-length": String(body.length) };
}

function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}

function poster(endpoint: string) {
  const { hostname, port } = new URL(endpoint);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return (body: Buffer, headers: Record<string, string>): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const posted = request({ hostname, port, method: "POST", path: "/", agent, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => resolve(Buffer.concat(chunks)));
        answer.on("error", reject);
      });
      posted.on("error", reject);
      posted.end(body);
    });
}
