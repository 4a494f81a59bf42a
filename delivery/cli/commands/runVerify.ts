import { SettingsError } from "../../common/errors";
import type { Route } from "../../deployment/route";
import { prepareReportFolder } from "../../report/reportFolder";
import { reportText } from "../../report/text";
import { verifyDelivery } from "../../verify";
import type { VerifyOptions } from "../../verify/options";
import { readRunHeader } from "../../verify/resume/readRunFile";
import { defaultRunFolder, runFilePath } from "../../verify/resume/runFolder";
import { checkRouteOptions } from "../options/amplitude";
import { outputsOf } from "../options/deployment";
import { describedSource, openSource, sourceDescriptionIn } from "../options/eventSource";
import { senderOf } from "../options/sender";
import { interruption } from "../terminal/interruption";
import { printReport } from "../terminal/printReport";
import { progressDisplay } from "../terminal/progressDisplay";
import { type RunHooks, throughAmplitude } from "./amplitudeRoute";
import { finishReport } from "./reportFiles";
import type { VerifyFlags } from "./verify";

export async function runVerify(flags: VerifyFlags): Promise<number> {
  checkRouteOptions(flags, flags.route);
  const verify =
    flags.route === "amplitude"
      ? await throughAmplitude(flags, await outputsOf(flags))
      : bySending(flags, flags.route, await runOf(flags));
  // Before anything is sent: a folder that can't be written to is found out while it costs nothing.
  if (flags.report !== undefined) await prepareReportFolder(flags.report);
  const display = progressDisplay(process.stderr, "read back");
  const interrupt = interruption(() => display.stop(), "what was sent is still read");
  try {
    const report = await verify({
      signal: interrupt.signal,
      onProgress: (progress) => display.show({ ...progress, eventsDone: progress.eventsRead }),
    });
    display.stop();
    printReport(report, flags, reportText);
    return await finishReport(report, flags.report);
  } finally {
    display.stop();
    interrupt.release();
  }
}

function bySending(flags: VerifyFlags, route: Route | undefined, run: Run) {
  return (hooks: RunHooks) =>
    verifyDelivery({
      ...run,
      ...senderOf(flags, route, hooks.signal),
      timeoutSeconds: flags.timeout,
      ...hooks,
    });
}

type Run = Pick<VerifyOptions, "outputs" | "source" | "sourceDescription" | "rate" | "runFolder" | "resume">;

async function runOf(flags: VerifyFlags): Promise<Run> {
  const runFolder = flags.runFile ? (flags.runFolder ?? defaultRunFolder()) : undefined;
  if (flags.resume !== undefined) return resumedRun(flags.resume, runFolder);
  const outputs = await outputsOf(flags);
  const sourceDescription = describedSource(flags, Date.now());
  const source = await openSource(sourceDescription);
  return { outputs, source, sourceDescription, rate: flags.rate, runFolder };
}

async function resumedRun(resume: string, runFolder: string | undefined): Promise<Run> {
  if (runFolder === undefined)
    throw new SettingsError("--resume goes by the run's file: leave out --no-run-file");
  const { outputs, source } = await readRunHeader(runFilePath(runFolder, resume));
  const description = sourceDescriptionIn(source);
  return { outputs, source: await openSource(description), rate: description.rate, runFolder, resume };
}
