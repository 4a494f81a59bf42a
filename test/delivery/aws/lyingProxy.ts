import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface Exchange {
  /** `PutRecords`, `GetRecords`, … */
  operation: string;
  body: Buffer;
  /** How many requests of this operation came before. */
  earlier: number;
  /** Has the true endpoint carry the request out. */
  forward(): Promise<Answer>;
}

export interface Answer {
  status: number;
  body: Buffer;
}

/** What is answered; undefined has the request carried out truthfully. */
export type Lie = (exchange: Exchange) => Promise<Answer | undefined> | Answer | undefined;

/** Stands between a client and the sandbox. Requests are forwarded as they are signed, so only answers can be changed. */
export async function startLyingProxy(endpoint: string, lie: Lie) {
  const counts = new Map<string, number>();
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const operation = String(incoming.headers["x-amz-target"] ?? "").split(".")[1] ?? "";
    const earlier = counts.get(operation) ?? 0;
    counts.set(operation, earlier + 1);
    const forward = () => forwardTo(endpoint, incoming.headers, body);
    const answer = (await lie({ operation, body, earlier, forward })) ?? (await forward());
    outgoing.writeHead(answer.status, { "content-type": "application/x-amz-json-1.1" }).end(answer.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function forwardTo(endpoint: string, headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> {
  const sent = request(endpoint, { method: "POST", headers });
  sent.end(body);
  const [response] = await once(sent, "response");
  return { status: response.statusCode, body: await buffer(response) };
}

export function json(value: unknown, status = 200): Answer {
  return { status, body: Buffer.from(JSON.stringify(value)) };
}
