import { createHash, createHmac } from "node:crypto";
import { Agent, request } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";

export const REGION = "us-east-1";
export const CREDENTIALS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

export const keyOf = (index: number) => `amplitude-kinesis.bench.${index}`;

/** Memory of bodies whose responses have arrived. */
const free: Buffer[] = [];

export function releaseBody(body: Buffer): void {
  free.push(Buffer.from(body.buffer));
}

/** Encodes a PutRecords body as fast as we can: no string except the base64, in reused memory. */
export function encodeBody(batch: Buffer[]): Buffer {
  const size = batch.reduce((sum, { length }) => sum + Math.ceil(length / 3) * 4 + 80, 40);
  const reused = free.pop();
  const body = reused !== undefined && reused.length >= size ? reused : Buffer.allocUnsafeSlow(size + 65_536);
  let end = ascii(body, 0, '{"StreamName":"bench","Records":[');
  for (let index = 0; index < batch.length; index += 1) {
    end = ascii(body, end, index === 0 ? '{"Data":"' : ',{"Data":"');
    end += body.write(batch[index]?.toString("base64") ?? "", end, "latin1");
    end = ascii(body, ascii(body, ascii(body, end, '","PartitionKey":"'), keyOf(index)), '"}');
  }
  return body.subarray(0, ascii(body, end, "]}"));
}

function ascii(body: Buffer, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) body[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** Signs with Signature Version 4, without the SDK. Source: AWS, "Create a signed AWS API request". */
export function signedHeaders(endpoint: string, action: string, body: Buffer): Record<string, string> {
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
  const canonicalRequest = sha256(`POST\n/\n\n${canonical}\n${names}\n${sha256(body)}`);
  const signature = createHmac("sha256", signingKey(day))
    .update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${canonicalRequest}`)
    .digest("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${CREDENTIALS.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...headers, authorization, "content-length": String(body.length) };
}

let lastKey = { day: "", key: Buffer.alloc(0) };

function signingKey(day: string): Buffer {
  if (lastKey.day === day) return lastKey.key;
  let key = Buffer.from(`AWS4${CREDENTIALS.secretAccessKey}`);
  for (const part of [day, REGION, "kinesis", "aws4_request"]) {
    key = createHmac("sha256", key).update(part).digest();
  }
  lastKey = { day, key };
  return key;
}

function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}

export type Post = (body: Buffer, headers: Record<string, string>) => Promise<Buffer>;

export function poster(endpoint: string): Post {
  const { hostname, port, protocol } = new URL(endpoint);
  const options = { keepAlive: true, maxSockets: 64 };
  const [send, agent] =
    protocol === "https:" ? [tlsRequest, new TlsAgent(options)] : [request, new Agent(options)];
  return (body, headers) =>
    new Promise((resolve, reject) => {
      const outgoing = send({ hostname, port, method: "POST", path: "/", agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve(Buffer.concat(chunks)));
        response.on("error", reject);
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
}
