import { createInterface } from "node:readline/promises";
import type { RunLoad } from "../../sending/capacity";

/** Where a question is put, and answered. */
export interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream & { isTTY?: boolean };
}

/**
 * Asks the person at the terminal. Without one the answer is no, and so it is to Ctrl-C, Ctrl-D and the signal.
 *
 * @param terminal Default: standard input and standard error.
 */
export async function askAboutLoad(
  { rate, eventBytes, openShards, share }: RunLoad,
  signal: AbortSignal,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<boolean> {
  if (!input.isTTY || !output.isTTY) return false;
  const terminal = createInterface({ input, output });
  const load = `${rate} events/s of ${Math.round(eventBytes)} bytes are ${Math.ceil(share * 100)} % of what the stream's ${openShards} shard(s) take. Its other writers may be throttled.`;
  try {
    const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
    const answer = terminal.question(`\n${load} Send them? [y/N] `, { signal }).catch(withoutAnswer);
    return /^y(es)?$/i.test((await Promise.race([answer, closed])).trim());
  } finally {
    terminal.close();
  }
}

/** Ctrl-C, or the signal. */
function withoutAnswer(error: unknown): string {
  if (error instanceof Error && error.name === "AbortError") return "";
  throw error;
}
