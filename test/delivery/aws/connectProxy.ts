import { once } from "node:events";
import { createServer, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";

export interface ConnectProxy {
  /** Its URL, without user and password. */
  url: string;
  /** Requests in their order: `CONNECT host:port`, or a method and an absolute URL. */
  requests: string[];
  /** Value of each request's Proxy-Authorization header. */
  authorizations: (string | undefined)[];
  stop(): Promise<void>;
}

/** Starts a forward proxy, which tunnels TLS and forwards plain requests; with a status, it refuses all of them. */
export async function startConnectProxy(refusal?: number): Promise<ConnectProxy> {
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Duplex>();
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    authorizations.push(incoming.headers["proxy-authorization"]);
    if (refusal !== undefined) {
      outgoing.writeHead(refusal, { "content-type": "text/html" }).end("<html>refused</html>");
      return;
    }
    const { method = "GET", headers } = incoming;
    const forwarded = request(incoming.url ?? "", { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 0, response.headers);
      response.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  });
  server.on("connect", (incoming, client: Duplex, head: Buffer) => {
    requests.push(`CONNECT ${incoming.url}`);
    authorizations.push(incoming.headers["proxy-authorization"]);
    if (refusal !== undefined) {
      client.end(`HTTP/1.1 ${refusal} Refused\r\ncontent-type: text/html\r\n\r\n<html>refused</html>`);
      return;
    }
    const { hostname, port } = new URL(`http://${incoming.url}`);
    const target = connect(Number(port || 80), hostname, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.write(head);
      target.pipe(client).pipe(target);
    });
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    authorizations,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
