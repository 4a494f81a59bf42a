import { type Client, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { runtime } from "@pulumi/pulumi";
import { expect } from "chai";
import { keepChannelsApart } from "../../../../sandbox/pulumi/provisioning/engine";

const TRANSIENT_FAILURE = 3;

describe("a port that an earlier update's engine had", () => {
  it("gets a new connection", async () => {
    keepChannelsApart();
    const first = await serve(0);
    const earlier = clientOf(first.port);
    expect(await called(earlier)).to.equal(status.UNIMPLEMENTED);
    first.server.forceShutdown();
    await untilFailing(earlier);
    const second = await serve(first.port);
    const later = clientOf(second.port);
    try {
      expect(await called(later)).to.equal(status.UNIMPLEMENTED);
    } finally {
      earlier.close();
      later.close();
      second.server.forceShutdown();
    }
  });
});

/** Creates a client as the runtime does for an inline program, without closing the previous one. */
function clientOf(port: number): Client {
  runtime.resetOptions("project", "stack", 1, `127.0.0.1:${port}`, `127.0.0.1:${port}`, true, "organization");
  return runtime.getEngine() as unknown as Client;
}

function serve(port: number): Promise<{ server: Server; port: number }> {
  const server = new Server();
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve({ server, port: bound });
      else reject(error);
    });
  });
}

/** Calls a method that no server has, and returns the status: UNIMPLEMENTED if a server responds. */
function called(client: Client): Promise<number | undefined> {
  const bytes = () => Buffer.alloc(0);
  return new Promise((resolve) => {
    client.makeUnaryRequest("/none/None", bytes, bytes, {}, (error) => resolve(error?.code));
  });
}

async function untilFailing(client: Client): Promise<void> {
  while (client.getChannel().getConnectivityState(true) !== TRANSIENT_FAILURE)
    await new Promise((resolve) => setImmediate(resolve));
}
