import { request } from "node:http";
import type { Answer } from "../protocol";

export interface Forwarded {
  operation: string;
  region: string;
  accountId: string;
  body: Buffer | string;
}

/** The engine checks no signature: it reads only account and region from the header, and holds streams for each pair. */
export function forward(port: number, { operation, region, accountId, body }: Forwarded): Promise<Answer> {
  const headers = {
    authorization: `AWS4-HMAC-SHA256 Credential=${accountId}/20000101/${region}/kinesis/aws4_request, SignedHeaders=host, Signature=0`,
    "content-type": "application/x-amz-json-1.1",
    "content-length": Buffer.byteLength(body),
    "x-amz-date": "20000101T000000Z",
    "x-amz-target": `Kinesis_20131202.${operation}`,
  };
  return new Promise((resolve, reject) => {
    // A connection of its own for each request: a reused one may be closed by the engine just as it is taken up again,
    // and one could not tell whether a write was done.
    const outgoing = request({ host: "127.0.0.1", port, method: "POST", path: "/", headers, agent: false });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", reject);
      incoming.once("end", () => {
        const contentType = incoming.headers["content-type"] ?? "application/x-amz-json-1.1";
        resolve({
          status: incoming.statusCode ?? 500,
          headers: { "content-type": contentType },
          body: Buffer.concat(chunks),
        });
      });
    });
    outgoing.end(body);
  });
}
