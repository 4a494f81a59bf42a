import { createInterface } from "node:readline/promises";
import type { RunLoad } from "../verifier/capacity";

/** Asks the person at the terminal; without one the answer is no. */
export async function askAboutLoad({ rate, eventBytes, openShards, share }: RunLoad): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const load = `${rate} events/s of ${Math.round(eventBytes)} bytes are ${Math.ceil(share * 100)} % of what the stream's ${openShards} shard(s) take. Its other writers may be throttled.`;
    return /^y(es)?$/i.test((await terminal.question(`\n${load} Send them? [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
