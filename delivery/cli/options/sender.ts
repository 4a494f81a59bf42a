import { type Command, Option } from "commander";
import { AMPLITUDE_ACCOUNT_ID } from "../../../components/contract";
import { SettingsError } from "../../common/errors";
import { DEFAULT_PROPAGATION_SECONDS } from "../../common/limits";
import type { Part } from "../../common/part";
import { runIdFrom } from "../../common/runId";
import type { Route } from "../../deployment/route";
import type { VerifyOptions } from "../../verify";
import { confirmLoad } from "../terminal/prompts";
import { accountId, integer, withPartOption } from "./arguments";

/** Options that describe whom the role must trust, if that differs from what Amplitude documents. */
export interface TrustFlags {
  amplitudeExternalId?: string;
  amplitudePrincipal?: string[];
  amplitudeAccountId?: string;
}

export function withTrustOptions(command: Command): Command {
  return command
    .option(
      "--amplitude-external-id <id>",
      "external id that Amplitude has agreed to send (its form has no field for one)",
    )
    .option(
      "--amplitude-principal <arn...>",
      "principals that Amplitude is known to use, if the trust policy doesn't name a whole account",
    )
    .option(
      "--amplitude-account-id <id>",
      `Amplitude's AWS account (default: ${AMPLITUDE_ACCOUNT_ID})`,
      accountId,
    );
}

export function trustOptions(flags: TrustFlags) {
  return {
    amplitudeExternalId: flags.amplitudeExternalId,
    amplitudePrincipalArns: flags.amplitudePrincipal,
    amplitudeAccountId: flags.amplitudeAccountId,
  };
}

/** Options that describe who sends events, and how fast. */
export interface SenderFlags extends TrustFlags {
  senderProfile?: string;
  externalId?: string;
  concurrency?: number;
  yes?: true;
  propagation: number;
  part?: Part;
  run?: string;
}

export function withSenderOptions(command: Command): Command {
  return withTrustOptions(
    command
      .option(
        "--sender-profile <name>",
        "AWS profile used to assume the role (default: the credentials that inspect them)",
      )
      .option("--external-id <id>", "external id used to assume the role, if its trust policy requires one"),
  )
    .option(
      "--concurrency <number>",
      "maximum number of PutRecords requests in flight (default: 1, more with --rate)",
      integer(1, 256),
    )
    .option("--yes", "use the stream's full write capacity without asking (default: half of it)")
    .addOption(propagationOption(DEFAULT_PROPAGATION_SECONDS));
}

/** Adds the options of a run that several processes share. */
export function withPartOptions(command: Command): Command {
  return withPartOption(command, "the run").addOption(runOption());
}

/** Creates the option that joins the parts of a run. */
export function runOption(): Option {
  return new Option(
    "--run <id>",
    "with --part: run that the part belongs to, the same for all parts and new for every run; any text, such as a job's id",
  );
}

/** @throws SettingsError if only one of `--part` and `--run` is given. */
export function partOptions({ part, run }: Pick<SenderFlags, "part" | "run">) {
  if (part !== undefined && run === undefined)
    throw new SettingsError(
      "--part requires --run ID, the same for all parts of the run, such as the id of the job that starts them",
    );
  if (part === undefined && run !== undefined)
    throw new SettingsError("--run joins the parts of a run. Give --part too, or leave it out");
  return { part, runId: run === undefined ? undefined : runIdFrom(run) };
}

export function propagationOption(seconds: number): Option {
  return new Option("--propagation <seconds>", "how long a new role or policy may take to propagate")
    .argParser(integer(0, 3_600))
    .default(seconds);
}

/** @param signal Cancels an open prompt. */
export function senderOptions(flags: SenderFlags, route: Route | undefined, signal: AbortSignal) {
  return {
    route,
    senderProfile: flags.senderProfile,
    externalId: flags.externalId,
    ...trustOptions(flags),
    concurrency: flags.concurrency,
    capacityShare: flags.yes ? 1 : undefined,
    confirmLoad: flags.yes ? undefined : (load) => confirmLoad(load, signal),
    propagationSeconds: flags.propagation,
  } satisfies Partial<VerifyOptions>;
}
