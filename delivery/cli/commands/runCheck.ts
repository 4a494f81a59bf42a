import { checkDeployment } from "../../check";
import { checkText } from "../../check/text";
import { resolveOutputs } from "../../common/outputs";
import { EXIT_CODES } from "../exitCodes";
import { furtherOutputsOf, originsOf } from "../options/deployment";
import { trustOf } from "../options/trust";
import { untilInterrupted } from "../terminal/interruption";
import { printReport } from "../terminal/printReport";
import { progressDisplay } from "../terminal/progressDisplay";
import type { CheckFlags } from "./check";

/** @returns the exit status. */
export async function runCheck(flags: CheckFlags): Promise<number> {
  const origins = await originsOf(flags);
  const outputs = { ...furtherOutputsOf(origins), ...resolveOutputs(origins) };
  const display = progressDisplay(process.stderr);
  try {
    const report = await untilInterrupted((signal) =>
      checkDeployment({
        outputs,
        profile: flags.profile,
        testPrincipalArns: flags.testPrincipal,
        ...trustOf(flags),
        propagationSeconds: flags.propagation,
        signal,
        onStep: (step) => display.show({ step }),
      }),
    );
    display.stop();
    printReport(report, flags, checkText);
    return EXIT_CODES[report.verdict];
  } finally {
    display.stop();
  }
}
