import { watchStream } from "../../watch";
import { EXIT_CODES } from "../exitCodes";
import { outputsOf } from "../options/deployment";
import { interruption } from "../terminal/interruption";
import { watchDisplay } from "../terminal/watchDisplay";
import type { WatchFlags } from "./watch";

/** @returns the exit status. */
export async function runWatch(flags: WatchFlags): Promise<number> {
  const outputs = await outputsOf(flags);
  const display = watchDisplay(process.stdout, { json: flags.json === true });
  const interrupt = interruption(() => display.close(), "what has arrived is summed up");
  // Without a reader there is nobody to watch for.
  const unread = new AbortController();
  process.stdout.once("error", () => unread.abort());
  let status = EXIT_CODES.undecided;
  try {
    const snapshots = watchStream({
      outputs,
      from: flags.from,
      until: flags.until,
      expectApps: flags.expectApp,
      includeTests: flags.includeTests,
      profile: flags.profile,
      signal: AbortSignal.any([interrupt.signal, unread.signal]),
      onStep: (step) => display.step(step),
    });
    for await (const snapshot of snapshots) {
      display.show(snapshot);
      if (snapshot.verdict !== null) status = EXIT_CODES[snapshot.verdict];
    }
    return status;
  } finally {
    display.close();
    interrupt.release();
  }
}
