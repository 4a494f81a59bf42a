/** Process of one customer. It is started by `startCustomer`, and gets its task as the first message. */
import { enableCompileCache } from "node:module";
import { describeError } from "../../aws/errors";
import { systemClock } from "../../common/clock";
import { registerEnvironment } from "../../common/redactSecrets";
import { redactLog, writeResult } from "../../fleet/results";
import { print, printProblem } from "../terminal/output";
import type { CustomerTask } from "./customer";

// The SDKs of Pulumi and AWS, which are loaded below, then start in half the time.
enableCompileCache();

process.once("message", (task: CustomerTask) => {
  work(task).then(
    () => process.exit(0),
    (error) => {
      printProblem(describeError(error));
      process.exit(1);
    },
  );
});

async function work(task: CustomerTask): Promise<void> {
  registerEnvironment(process.env);
  const controller = new AbortController();
  const cancel = (reason: string) => controller.abort(new Error(reason));
  process.on("message", (message) => message === "cancel" && cancel("because fleet was interrupted"));
  process.on("disconnect", () => cancel("because the process of fleet had ended"));
  process.on("SIGTERM", () => cancel("because of SIGTERM"));
  // Only the command of Pulumi ends with a SIGINT to the process group.
  process.on("SIGINT", () => {});
  const { runCustomer }: typeof import("./customer") = require("./customer");
  const result = await runCustomer(task, {
    signal: controller.signal,
    clock: systemClock,
    onStep: (step) => tell({ step }),
    onLog: print,
  });
  await redactLog(task.results, task.stack);
  await writeResult(task.results, result);
  await tell({ result });
}

function tell(message: object): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve());
    else resolve();
  });
}
