import { Command, Option } from "commander";
import { SettingsError } from "../../common/errors";
import { furtherOutputsFrom, resolveOutputs } from "../../common/outputs";
import { jsonText } from "../../common/text";
import { TASKS, type Task } from "../../deployment/iam/actions";
import {
  existingSubject,
  type NamingOptions,
  operatorPolicy,
  type PolicySubject,
  plannedSubject,
} from "../../operatorPolicy";
import { accountId, withHelpText } from "../options/arguments";
import { type DeploymentFlags, originsFrom, withDeploymentOptions } from "../options/deployment";
import { print, printProblem } from "../terminal/output";

type Purpose = "up" | "adopt" | "check" | "verify" | "send" | "watch" | "reconcile" | "backfill" | "all";

interface OperatorPolicyFlags extends DeploymentFlags {
  for: Purpose;
  route?: "role" | "operator";
  accountId?: string;
  name?: string;
  policyArn?: string;
  kmsKeyArn?: string;
  guard?: true;
}

/** Maximum size of a managed policy in characters, without whitespace. Source: AWS, "IAM and AWS STS quotas". */
const MAX_POLICY_CHARACTERS = 6_144;

const HELP = {
  examples: [
    "amplitude-kinesis operator-policy --stack acme --for verify > policy.json",
    "aws iam create-policy --policy-name verify-acme --policy-document file://policy.json",
    "amplitude-kinesis operator-policy --for up --account-id 111122223333 --region eu-central-1",
  ],
  notes: [
    "--for backfill is for reconcile --backfill, which also writes to the stream.",
    "The last example is for a stack that doesn't exist yet. Its resources will be named NAME-stream-…, NAME-role-….",
    "Exit status: 0, or 2 for wrong usage or settings. AWS is not called.",
  ],
};

export function operatorPolicyCommand(): Command {
  const command = withDeploymentOptions(new Command("operator-policy"))
    .description(
      "print the least-privilege IAM policy for the person who runs pulumi up or a command of this tool",
    )
    .addOption(
      new Option("--for <task>", "task of that person")
        .choices(["up", "adopt", "check", "verify", "send", "watch", "reconcile", "backfill", "all"])
        .default("all"),
    )
    .addOption(
      new Option(
        "--route <route>",
        "route of verify and send: assume the role, or use the operator's own credentials (default: both)",
      ).choices(["role", "operator"]),
    )
    .option("--account-id <id>", "AWS account of a stack that doesn't exist yet (with --region)", accountId)
    .option(
      "--name <name>",
      'name of the component in the program (default: derived from the outputs, or "amplitude")',
    )
    .option("--policy-arn <arn>", "write policy that the component creates (default: derived from its name)")
    .option("--kms-key-arn <arn>", "customer managed key that encrypts the stream")
    .option("--guard", "include the guard of a stack that doesn't have one yet")
    .action(async (flags: OperatorPolicyFlags) => {
      const policy = operatorPolicy(tasksOf(flags), await subject(flags));
      const length = JSON.stringify(policy).length;
      if (length > MAX_POLICY_CHARACTERS) {
        printProblem(
          `the policy has ${length} characters, and a managed policy can have ${MAX_POLICY_CHARACTERS}. Create one policy per --for`,
        );
      }
      print(jsonText(policy));
    });
  return withHelpText(command, HELP);
}

function tasksOf({ for: purpose, route }: OperatorPolicyFlags): Task[] {
  const usesRoute = purpose === "verify" || purpose === "send";
  if (route !== undefined && !usesRoute && purpose !== "all")
    throw new SettingsError(
      "--route applies only to verify and send. Pass it with one of them, or leave it out",
    );
  const otherRouteSuffix = route === undefined ? undefined : route === "role" ? "-operator" : "-role";
  const tasks = TASKS.filter((task) => otherRouteSuffix === undefined || !task.endsWith(otherRouteSuffix));
  return purpose === "all" ? tasks : tasks.filter((task) => task.split("-")[0] === purpose);
}

const POLICY_ARN = /^arn:aws:iam::\d{12}:policy\/[\w+=,.@/-]+$/;
const KEY_ARN = /^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/;

async function subject(flags: OperatorPolicyFlags): Promise<PolicySubject> {
  const { name, kmsKeyArn, policyArn, accountId: account, region, guard } = flags;
  for (const [option, value, pattern, form] of [
    ["--policy-arn", policyArn, POLICY_ARN, "arn:aws:iam::ACCOUNT:policy/NAME"],
    ["--kms-key-arn", kmsKeyArn, KEY_ARN, "arn:aws:kms:REGION:ACCOUNT:key/ID"],
    ["--name", name, /^[\w.-]+$/, "the component's name in the program"],
  ] as const)
    if (value !== undefined && !pattern.test(value))
      throw new SettingsError(`${option} is ${JSON.stringify(value.slice(0, 200))}, not ${form}`);
  const naming: NamingOptions = { name, kmsKeyArn, policyArn, guard };
  if (account !== undefined) {
    if (flags.stack ?? flags.outputs ?? flags.output ?? flags.roleArn ?? flags.streamName)
      throw new SettingsError(
        "--account-id is for a stack that doesn't exist yet. Leave it out for an existing stack",
      );
    if (region === undefined || !/^[a-z]{2}(-[a-z]+)+-\d$/.test(region))
      throw new SettingsError("--account-id requires --region, such as --region eu-central-1");
    return plannedSubject(account, region, naming);
  }
  const origins = await originsFrom(flags);
  const further = furtherOutputsFrom(origins);
  return existingSubject(resolveOutputs(origins), { ...naming, policyArn: policyArn ?? further.policyArn });
}
