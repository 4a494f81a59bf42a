import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Starts a proxy in front of the sandbox's AWS that rejects the action that `refused` names. */
export async function startRefusingProxy(endpoint: string) {
  const proxy: { endpoint: string; refused: string | undefined; stop(): Promise<void> } = {
    endpoint: "",
    refused: undefined,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  const server = createServer(async (incoming, outgoing) => {
    const body = Buffer.concat(await incoming.toArray());
    if (actionOf(incoming, body) === proxy.refused) refuse(incoming, outgoing);
    else forward(endpoint, incoming, body, outgoing);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

function actionOf({ headers }: IncomingMessage, body: Buffer): string {
  const target = String(headers["x-amz-target"] ?? "").split(".")[1];
  return target ?? new URLSearchParams(body.toString()).get("Action") ?? "";
}

const MESSAGE = "refused by the test";

function refuse({ headers }: IncomingMessage, outgoing: ServerResponse): void {
  if ("x-amz-target" in headers) {
    const answer = { __type: "AccessDeniedException", message: MESSAGE };
    outgoing.writeHead(400, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(answer));
    return;
  }
  const error = `<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>${MESSAGE}</Message></Error>`;
  outgoing
    .writeHead(403, { "content-type": "text/xml" })
    .end(`<ErrorResponse>${error}<RequestId>1</RequestId></ErrorResponse>`);
}

/** Forwards a request with its original headers, because the signature includes the host. */
function forward(
  endpoint: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  outgoing: ServerResponse,
) {
  const onwards = request(new URL(url ?? "/", endpoint), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onwards.on("error", () => outgoing.destroy());
  onwards.end(body);
}
