import { fstatSync } from "node:fs";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { ProviderService } from "./service";

/** The plugin's process: serves the engine that started it, says its port as its first line, and ends with it. */
function main(): void {
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(ResourceProviderService, new ProviderService().implementation());
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    process.stdout.write(`${port}\n`);
  });
  endWithEngine();
}

/**
 * An engine that ends well kills its plugins; one that was killed can't. Its end of the pipe on our standard input is
 * then closed, and this process is handed to another parent.
 */
function endWithEngine(): void {
  const engine = process.ppid;
  setInterval(() => process.ppid === engine || process.exit(0), 500).unref();
  if (!isPipe()) return;
  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  process.stdin.resume();
}

function isPipe(): boolean {
  try {
    const input = fstatSync(0);
    return input.isFIFO() || input.isSocket();
  } catch {
    return false;
  }
}

main();
