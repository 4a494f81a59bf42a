import type { IncomingMessage } from "node:http";
import { AwsError } from "./protocol";
import type { HttpCall } from "./signature";

/** PutRecords takes 10 MiB of records, which base64 makes a third larger. */
const MAX_BODY_BYTES = 15 * 1024 * 1024;

export async function readHttpCall(incoming: IncomingMessage): Promise<HttpCall> {
  const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
  return {
    method: incoming.method ?? "",
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: readHeaders(incoming),
    body: await readBody(incoming),
  };
}

/** A header that came twice is signed as one, its values joined by commas. */
function readHeaders(incoming: IncomingMessage): Record<string, string> {
  const entries = Object.entries(incoming.headersDistinct);
  return Object.fromEntries(entries.map(([name, values]) => [name, values?.join(",") ?? ""]));
}

/** Reads to the end even when it is too much: a client that is still sending would not see the answer. */
async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes <= MAX_BODY_BYTES) return Buffer.concat(chunks);
  throw new AwsError(
    "RequestEntityTooLargeException",
    `The body has more than ${MAX_BODY_BYTES} bytes.`,
    413,
  );
}
