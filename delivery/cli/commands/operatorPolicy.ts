import { Command, Option } from "commander";
import { SettingsError } from "../../common/errors";
import { resolveOutputs } from "../../common/outputs";
import { operatorPolicy } from "../../operatorPolicy";
import { TASKS, type Task } from "../../operatorPolicy/needs";
import { type NamingOptions, type PolicySubject, subjectOf, subjectToBe } from "../../operatorPolicy/subject";
import { accountId } from "../options/arguments";
import {
  type DeploymentFlags,
  furtherOutputsOf,
  originsOf,
  withDeploymentOptions,
} from "../options/deployment";
import { withHelpText } from "../options/helpText";

type Purpose = "up" | "check" | "verify" | "send" | "watch" | "all";

interface OperatorPolicyFlags extends DeploymentFlags {
  for: Purpose;
  route?: "role" | "operator";
  accountId?: string;
  name?: string;
  policyArn?: string;
  kmsKeyArn?: string;
}

/** Source: AWS, "IAM and AWS STS quotas": characters of a managed policy, white space left out. */
const LONGEST_POLICY = 6_144;

const HELP = {
  examples: [
    "amplitude-kinesis operator-policy --stack acme --for verify > policy.json",
    "aws iam create-policy --policy-name verify-acme --policy-document file://policy.json",
    "amplitude-kinesis operator-policy --for up --account-id 111122223333 --region eu-central-1",
  ],
  notes: [
    "The last is for a stack that is still to be made; what it makes will be named NAME-stream-…, NAME-role-….",
    "Exit status: 0, or 2 for wrong usage or settings. AWS is not asked.",
  ],
};

export function operatorPolicyCommand(): Command {
  const command = withDeploymentOptions(new Command("operator-policy"))
    .description("print the least IAM policy for the person who runs pulumi up or a command of this tool")
    .addOption(
      new Option("--for <task>", "what that person runs")
        .choices(["up", "check", "verify", "send", "watch", "all"])
        .default("all"),
    )
    .addOption(
      new Option(
        "--route <route>",
        "of verify and send: by assuming the role, or with the operator's own credentials (default: both)",
      ).choices(["role", "operator"]),
    )
    .option(
      "--account-id <id>",
      "the account, where the stack is still to be made (with --region)",
      accountId,
    )
    .option(
      "--name <name>",
      'the component\'s name in the program (default: read from the outputs, else "amplitude")',
    )
    .option("--policy-arn <arn>", "the write policy that the component makes (default: by its name)")
    .option("--kms-key-arn <arn>", "a key of the customer's own that encrypts the stream")
    .action(async (flags: OperatorPolicyFlags) => {
      const policy = operatorPolicy(tasksOf(flags), await subject(flags));
      const document = JSON.stringify(policy, undefined, 2);
      const length = JSON.stringify(policy).length;
      if (length > LONGEST_POLICY) {
        process.stderr.write(
          `amplitude-kinesis: the policy has ${length} characters, more than the ${LONGEST_POLICY} of a managed policy: make one for each --for\n`,
        );
      }
      process.stdout.write(`${document}\n`);
    });
  return withHelpText(command, HELP);
}

function tasksOf({ for: purpose, route }: OperatorPolicyFlags): Task[] {
  const hasRoutes = purpose === "verify" || purpose === "send";
  if (route !== undefined && !hasRoutes && purpose !== "all")
    throw new SettingsError("--route is about verify and send: give it with one of them, or leave it out");
  const ofOtherRoute = route === undefined ? undefined : route === "role" ? "-operator" : "-role";
  const tasks = TASKS.filter((task) => ofOtherRoute === undefined || !task.endsWith(ofOtherRoute));
  return purpose === "all" ? tasks : tasks.filter((task) => task.split("-")[0] === purpose);
}

async function subject(flags: OperatorPolicyFlags): Promise<PolicySubject> {
  const { name, kmsKeyArn, policyArn, accountId: account, region } = flags;
  checkArn(
    "--policy-arn",
    policyArn,
    /^arn:aws:iam::\d{12}:policy\/[\w+=,.@/-]+$/,
    "arn:aws:iam::ACCOUNT:policy/NAME",
  );
  checkArn(
    "--kms-key-arn",
    kmsKeyArn,
    /^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/,
    "arn:aws:kms:REGION:ACCOUNT:key/ID",
  );
  checkArn("--name", name, /^[\w.-]+$/, "the component's name in the program");
  const naming: NamingOptions = { name, kmsKeyArn, policyArn };
  if (account !== undefined) {
    if (flags.stack ?? flags.outputs ?? flags.roleArn ?? flags.streamName)
      throw new SettingsError(
        "--account-id is for a stack that is still to be made: leave it out for one that exists",
      );
    if (region === undefined || !/^[a-z]{2}(-[a-z]+)+-\d$/.test(region))
      throw new SettingsError("--account-id needs --region, such as --region eu-central-1");
    return subjectToBe(account, region, naming);
  }
  const origins = await originsOf(flags);
  const further = furtherOutputsOf(origins);
  return subjectOf(resolveOutputs(origins), { ...naming, policyArn: policyArn ?? further.policyArn });
}

function checkArn(option: string, value: string | undefined, pattern: RegExp, form: string): void {
  if (value === undefined || pattern.test(value)) return;
  throw new SettingsError(`${option} is ${JSON.stringify(value.slice(0, 200))}, not ${form}`);
}
