import { fstatSync } from "node:fs";
import { startProviderServer } from "./service";

/** The plugin's process: serves the engine that started it, says its port as its first line, and ends with it. */
function main(): void {
  void startProviderServer().then(({ port }) => process.stdout.write(`${port}\n`));
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
