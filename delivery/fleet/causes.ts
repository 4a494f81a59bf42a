import { type Finding, listed } from "../common/findings";
import { redactSecrets } from "../common/redactSecrets";
import { printable } from "../common/text";
import type { DriftedResource } from "./report";

/** Cause of a failure in one line, and the next step against it. */
export interface Cause {
  cause: string;
  /** Imperative; null if there is none. */
  remedy: string | null;
}

/** `locked`: another update holds the stack. `missing`: the backend has no such stack. */
export type FailureKind = "locked" | "missing" | "other";

/** A failure of Pulumi. Its message is the cause. */
export class PulumiFailure extends Error implements Cause {
  override readonly name = "PulumiFailure";
  override readonly cause: string;
  readonly remedy: string | null;

  constructor(
    readonly kind: FailureKind,
    { cause, remedy }: Cause,
  ) {
    super(cause);
    this.cause = cause;
    this.remedy = remedy;
  }
}

/** A cause has to fit the table of a fleet. The log has all of it. */
const MAX_CAUSE_LENGTH = 300;

/** Returns text from elsewhere as one short line without secrets. */
export function oneLine(text: string): string {
  const line = printable(redactSecrets(text.trim())).replace(/ {2,}/g, " ");
  return line.length > MAX_CAUSE_LENGTH ? `${line.slice(0, MAX_CAUSE_LENGTH - 1)}…` : line;
}

/**
 * Returns the failure that Pulumi's words describe.
 *
 * @param errors Messages of the engine.
 * @param output Output of the command, which describes failures before the engine starts.
 */
export function pulumiFailure(stack: string, errors: readonly string[], output: string): PulumiFailure {
  const known = RECOGNIZED.find(
    ({ pattern }) => pattern.test(output) || errors.some((each) => pattern.test(each)),
  );
  if (known !== undefined) return new PulumiFailure(known.kind, known.describe(stack, output));
  const printed = [...output.matchAll(/^error: (.*(?:\n {2,}.*)*)/gm)].map(([, message = ""]) => message);
  const lastLine = output.trim().split("\n").at(-1);
  const message = errors[0] ?? printed[0] ?? (lastLine || "pulumi ended without a message");
  return new PulumiFailure("other", {
    cause: oneLine(message),
    remedy: "Fix the cause, and run again with --resume",
  });
}

/** Returns the failure of a command that a signal has ended, which may leave a lock and pending operations. */
export function killedFailure(stack: string, signal: NodeJS.Signals): PulumiFailure {
  const remedy = `Run again with --resume. If the stack is locked then, run \`pulumi cancel --stack ${stack}\` first. If memory ran out, choose a smaller --parallel`;
  return new PulumiFailure("other", { cause: `pulumi was ended by ${signal}`, remedy });
}

interface Recognized {
  kind: FailureKind;
  pattern: RegExp;
  describe(stack: string, output: string): Cause;
}

/** Messages of Pulumi v3.259.0 and of Pulumi Cloud, and those of versions that reject pending operations. */
const RECOGNIZED: Recognized[] = [
  {
    kind: "locked",
    pattern: /the stack is currently locked by|another update is currently in progress/i,
    describe: (stack, output) => {
      const holders = [...output.matchAll(/: created by (.+)/g)].map(([, holder = ""]) => holder);
      return {
        cause: oneLine(
          `another update has locked the stack${holders.length === 0 ? "" : ` (${listed(holders)})`}`,
        ),
        remedy: `If that update has ended, run \`pulumi cancel --stack ${stack}\`, or pass --clear-locks`,
      };
    },
  },
  {
    kind: "missing",
    pattern: /no stack named/,
    describe: (stack) => ({
      cause: `the stack ${stack} does not exist yet`,
      remedy: `Create it with \`pulumi stack init ${stack}\`, or create it and bring it up with \`amplitude-kinesis fleet up\``,
    }),
  },
  {
    kind: "other",
    pattern: /with pending operations/,
    describe: (stack) => ({
      cause: "an earlier update was killed, and its operations are pending",
      remedy: `Compare with AWS, and run \`pulumi refresh --stack ${stack}\``,
    }),
  },
];

/** Returns the cause of a drift. */
export function driftCause(stack: string, drift: readonly DriftedResource[]): Cause {
  const resources = drift.map(({ urn, change, properties }) => {
    const [type = "", name = ""] = urn.split("::").slice(-2);
    const resource = `${type.split("$").at(-1)?.split(":").at(-1)} ${name}`;
    return change === "delete" ? `${resource} is gone` : `${resource} (${listed(properties)})`;
  });
  return {
    cause: oneLine(`changed by hand: ${listed(resources)}`),
    remedy: `Run \`pulumi up --refresh --stack ${stack}\` to undo the change, or put it into ${settingsFile(stack)} to keep it`,
  };
}

/** Returns the finding with advice that is right for the stack. */
export function withStackNamed(stack: string, finding: Finding): Finding {
  return { ...finding, remedy: adviceFor(stack, finding.remedy) };
}

/**
 * Returns text with advice that is right for a stack of a fleet. Its commands name the stack, because they would work on
 * the selected one, and the stack's setting takes the place of `--profile`, which `fleet` lacks like `--outputs`.
 */
export function adviceFor(stack: string, text: string): string {
  return text.replace(WITHOUT_STACK, "").replace(/`[^`]*`|[\w/-]+/g, (found) => {
    if (found === "--profile") return `aws:profile in ${settingsFile(stack)}`;
    if (!found.startsWith("`") || found.includes("--stack")) return found;
    return found.replace(STACK_COMMANDS, (command) => `${command} --stack ${stack}`);
  });
}

/** Alternative to reading the stack, which the other commands have. */
const WITHOUT_STACK = /(?:, or (?:use|pass the stack's outputs with)|\. Instead, use) --outputs FILE[^.\n]*/g;
const STACK_COMMANDS =
  /\bpulumi (?:up|refresh|config set|config|stack output)\b|\bamplitude-kinesis (?:check|verify|watch)\b/g;

function settingsFile(stack: string): string {
  return `Pulumi.${stack.split("/").at(-1)}.yaml`;
}
