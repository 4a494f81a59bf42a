import { fstatSync } from "node:fs";
import { startProviderServer } from "./service";

/** Serves the engine that started the plugin, prints the port as its first line, and ends with the engine. */
function main(): void {
  void startProviderServer().then(({ port }) => process.stdout.write(`${port}\n`));
  endWithEngine();
}

/**
 * Ends the process if the engine was killed and could not end its plugins. The engine's end of the pipe on standard input
 * is then closed, and this process gets another parent.
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
