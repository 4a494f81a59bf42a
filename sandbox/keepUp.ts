import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { version as awsVersion } from "@pulumi/aws/package.json";
import type { PastHour } from "./amplitude/past";
import type { LocalAmplitude } from "./amplitude/server";
import type { LocalAws } from "./aws";
import type { Onboarding } from "./onboarding";
import {
  cliEnvironment,
  makePlaces,
  type Places,
  type Provisioned,
  shellWord,
  writePluginFolder,
} from "./pulumi/provisioning/places";

interface KeptSandbox {
  aws: LocalAws;
  amplitude: LocalAmplitude;
  past: PastHour;
  folder: string;
  onboarding: Onboarding;
  /** Settles when the user interrupts the sandbox. */
  interrupted: Promise<unknown>;
}

interface Instructed {
  amplitude: Pick<LocalAmplitude, "url" | "origin">;
  past: PastHour;
  stack: Provisioned["stack"];
  streamName: string;
}

/** Keeps the sandbox running until it is interrupted, and prints how to reach it. */
export async function keepUp(sandbox: KeptSandbox): Promise<void> {
  const { aws, amplitude, past, folder, interrupted } = sandbox;
  const { outputs, stack } = sandbox.onboarding.provisioned;
  const { readme, ...values } = outputs;
  const files = {
    environment: join(folder, "environment"),
    outputs: join(folder, "outputs.json"),
    credentials: join(folder, "credentials"),
  };
  const places = await makePlaces(folder);
  await writePluginFolder(places.plugin);
  // `pulumi package add` installs the provider of the component's plugin, whatever is on the PATH.
  await writePluginFolder(join(places.home, "plugins", `resource-aws-v${awsVersion}`));
  await writeFile(files.outputs, `${JSON.stringify(values, undefined, 2)}\n`);
  await writeFile(files.credentials, credentials(aws), { mode: 0o600 });
  await writeFile(files.environment, environment(aws, amplitude, files.credentials, places), { mode: 0o600 });
  const { streamName } = outputs;
  process.stderr.write(`${instructions(files, { amplitude, past, stack, streamName })}\n`);
  // Neither a pending promise nor a signal listener keeps the process alive.
  const alive = setInterval(() => undefined, 60_000);
  await interrupted;
  clearInterval(alive);
}

/** Returns a script for sh, with which the AWS CLI, `amplitude-kinesis` and `pulumi` reach only the sandbox. */
function environment(
  { endpoint, region }: LocalAws,
  { apiKey, secretKey }: LocalAmplitude,
  credentialsFile: string,
  places: Places,
): string {
  const variables = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_SHARED_CREDENTIALS_FILE: credentialsFile,
    AWS_PROFILE: "operator",
    AMPLITUDE_API_KEY: apiKey,
    AMPLITUDE_SECRET_KEY: secretKey,
    ...cliEnvironment(places),
  };
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${shellWord(value)}`);
  return `${exports.join("\n")}
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN PULUMI_STACK
# The engine takes the AWS provider from the PATH, and downloads none.
export PATH=${shellWord(places.plugin)}:"$PATH"
`;
}

/** Returns the commands for another shell, with file names quoted for sh. */
export function instructions(files: { environment: string; outputs: string }, kept: Instructed): string {
  const { amplitude, past, stack, streamName } = kept;
  const verify = `npx amplitude-kinesis verify --outputs ${shellWord(files.outputs)}`;
  const reconcile = `npx amplitude-kinesis reconcile --outputs ${shellWord(files.outputs)}`;
  const ofStack = stack && `--stack ${stack.name} --cwd ${shellWord(stack.project)}`;
  return `
The sandbox runs until you press Ctrl-C. In another shell, run:

. ${shellWord(files.environment)}

${verify}
${verify} --route role --sender-profile amplitude
aws kinesis list-streams

Profiles: operator (the customer's administrator), amplitude (a stand-in for Amplitude's account), stranger (a third account).

A stand-in for Amplitude with the documented behavior accepts events at ${amplitude.url}
and writes them to the customer's stream within seconds:

${verify} --route amplitude --amplitude-url ${amplitude.url}

It also has an Export API with ${past.events} events of ${past.hour} (UTC). Its filter left out ${past.filtered} of them. Of the others,
${past.dropped} never arrived, ${past.doubled} arrived twice, and ${past.changed} arrived with another value. To find them:

${reconcile} --from ${past.hour} --to ${past.hour} --amplitude-url ${amplitude.origin}

The stack's guard raises an alarm, which is printed here, for each minute with events of another project. Write one:

aws kinesis put-record --stream-name ${shellWord(streamName)} --partition-key intruder \\
  --cli-binary-format raw-in-base64-out --data '{"app": 7, "event_type": "intrusion"}'

A real \`pulumi up\`, without an AWS account, in a checkout or in the folder of your own stack program:

pulumi stack init demo
pulumi up
${ofStack ? `\nThe sandbox's own stack:\n\nnpx amplitude-kinesis verify ${ofStack}\n` : ""}`;
}

function credentials({ principals }: LocalAws): string {
  const profiles = Object.entries(principals).map(
    ([name, { accessKeyId, secretAccessKey }]) =>
      `[${name}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  );
  return profiles.join("\n");
}
