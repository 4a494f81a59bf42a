import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { LocalAmplitude } from "./amplitude/server";
import type { LocalAws, LocalPrincipal } from "./aws";
import type { Onboarding } from "./onboarding";
import type { Provisioned } from "./pulumi/provisioning";

interface KeptSandbox {
  aws: LocalAws;
  amplitude: LocalAmplitude;
  folder: string;
  onboarding: Onboarding;
  /** Settles when the user interrupts the sandbox. */
  interrupted: Promise<unknown>;
}

/** Keeps the sandbox running until it is interrupted, and prints how to reach it. */
export async function keepUp({
  aws,
  amplitude,
  folder,
  onboarding,
  interrupted,
}: KeptSandbox): Promise<void> {
  const { readme, ...outputs } = onboarding.provisioned.outputs;
  const outputsFile = join(folder, "outputs.json");
  const credentialsFile = join(folder, "credentials");
  await writeFile(outputsFile, `${JSON.stringify(outputs, undefined, 2)}\n`);
  await writeFile(credentialsFile, credentials(aws), { mode: 0o600 });
  const { stack } = onboarding.provisioned;
  process.stderr.write(`${instructions(aws, outputsFile, credentialsFile)}\n`);
  process.stderr.write(`${amplitudeInstructions(amplitude, outputsFile)}\n`);
  process.stderr.write(`${pulumiInstructions(stack, folder)}\n`);
  process.stderr.write(`${PROFILES}\n`);
  // Neither a pending promise nor a signal listener keeps the process alive.
  const alive = setInterval(() => undefined, 60_000);
  await interrupted;
  clearInterval(alive);
}

/** Returns the commands for another shell, with file names quoted for sh. */
export function instructions(
  { endpoint, region }: Pick<LocalAws, "endpoint" | "region">,
  outputsFile: string,
  credentialsFile: string,
): string {
  return `
The sandbox runs until you press Ctrl-C. In another shell, run:

export AWS_ENDPOINT_URL=${endpoint}
export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}
export AWS_SHARED_CREDENTIALS_FILE=${shellWord(credentialsFile)} AWS_PROFILE=operator
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN

npm run -s amplitude-kinesis -- verify --outputs ${shellWord(outputsFile)}
npm run -s amplitude-kinesis -- verify --outputs ${shellWord(outputsFile)} --route role --sender-profile amplitude
aws kinesis list-streams
`;
}

/** Returns the commands for the whole route, through the stand-in for Amplitude. */
function amplitudeInstructions(
  { url, apiKey }: Pick<LocalAmplitude, "url" | "apiKey">,
  outputsFile: string,
): string {
  return `A stand-in for Amplitude with the documented behavior accepts events at ${url}
and writes them to the customer's stream within seconds:

export AMPLITUDE_API_KEY=${apiKey}
npm run -s amplitude-kinesis -- verify --outputs ${shellWord(outputsFile)} --route amplitude --amplitude-url ${url}
`;
}

const PROFILES =
  "Profiles: operator (the customer's administrator), amplitude (a stand-in for Amplitude's account), stranger (a third account).";

/** Returns the commands for the engine's stack, or without an engine an environment for other stacks. */
function pulumiInstructions(stack: Provisioned["stack"], folder: string): string {
  const environment = stack?.environment ?? {
    PULUMI_HOME: join(folder, "pulumi"),
    PULUMI_BACKEND_URL: pathToFileURL(folder).href,
    PULUMI_CONFIG_PASSPHRASE: "",
  };
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${shellWord(value)}`);
  const uses =
    stack === undefined
      ? ["pulumi up   # in the folder of your stack program"]
      : [
          `pulumi stack output --stack ${stack.name} --cwd ${shellWord(stack.project)}`,
          `npm run -s amplitude-kinesis -- verify --stack ${stack.name} --cwd ${shellWord(stack.project)}`,
        ];
  return [...exports, "", ...uses, ""].join("\n");
}

function credentials({ principals }: LocalAws): string {
  return Object.entries(principals)
    .map(([name, principal]) => profile(name, principal))
    .join("\n");
}

function profile(name: string, { accessKeyId, secretAccessKey }: LocalPrincipal): string {
  return `[${name}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
}

/** Quotes the text as one word for sh, in single quotes if any character needs it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
