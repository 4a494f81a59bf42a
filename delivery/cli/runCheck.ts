import { checkDeployment } from "../check/checkDeployment";
import { checkText } from "../check/text";
import { resolveOutputs } from "../settings";
import type { CheckFlags } from "./check";
import { furtherOutputsOf, originsOf } from "./deploymentOptions";
import { EXIT_CODES } from "./exitCodes";
import { untilInterrupted } from "./interruption";
import { printReport } from "./printReport";
import { progressDisplay } from "./progressDisplay";
import { trustOf } from "./trustOptions";

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
