import { sendEvents } from "../../send";
import { sendText } from "../../send/text";
import { EXIT_CODES } from "../exitCodes";
import { outputsOf } from "../options/deployment";
import { describedSource, openSource } from "../options/eventSource";
import { senderOf } from "../options/sender";
import { interruption } from "../terminal/interruption";
import { printReport } from "../terminal/printReport";
import { progressDisplay } from "../terminal/progressDisplay";
import type { SendFlags } from "./send";

/** @returns the exit status. */
export async function runSend(flags: SendFlags): Promise<number> {
  const outputs = await outputsOf(flags);
  const source = await openSource(describedSource(flags, Date.now()));
  const display = progressDisplay(process.stderr, "acknowledged");
  const interrupt = interruption(() => display.stop(), "requests under way are waited for");
  try {
    const report = await sendEvents({
      outputs,
      source,
      rate: flags.rate,
      ...senderOf(flags, flags.route, interrupt.signal),
      signal: interrupt.signal,
      onProgress: (progress) => display.show({ ...progress, eventsDone: progress.eventsAcknowledged }),
    });
    display.stop();
    printReport(report, flags, sendText);
    return EXIT_CODES[report.outcome];
  } finally {
    display.stop();
    interrupt.release();
  }
}
