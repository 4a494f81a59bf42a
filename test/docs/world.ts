import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PutRecordsCommand } from "@aws-sdk/client-kinesis";
import type { LocalAmplitude } from "../../sandbox/amplitude/server";
import { startProviderServer } from "../../sandbox/pulumi/provider/service";
import { provision } from "../../sandbox/pulumi/provisioning/engine";
import { shellWord } from "../../sandbox/pulumi/provisioning/places";
import type { PulumiCli } from "../../sandbox/pulumi/provisioning/pulumiCli";
import { PROJECT } from "../cache";
import { rows } from "../delivery/watch/rows";
import { clientsOf, type Fixture } from "../sandbox/aws/localAws";
import { makeCheckout, writeStackSettings } from "../sandbox/pulumi/provisioning/checkout";
import { type LanguageHost, startLanguageHost } from "../sandbox/pulumi/provisioning/languageHost";
import { type PulumiStandIn, type StandIns, writeStandIns } from "./standIns";

/** A checkout to run a document's commands in. It has an empty stack `globex`, and `acme` unless the commands create it. */
export interface World {
  standIns: StandIns;
  /** @returns The exit status and the output. */
  run(shell: string, code: string): Promise<{ status: number; printed: string }>;
  stop(): void;
}

export interface WorldOptions {
  folder: string;
  aws: Fixture;
  amplitude: LocalAmplitude;
  /** The `pulumi` command. If it is undefined, a script that only knows the outputs replaces it. */
  cli: PulumiCli | undefined;
  /** Whether the stack exists before the commands run. */
  hasStack: boolean;
}

export async function makeWorld(options: WorldOptions): Promise<World> {
  const { folder, amplitude, cli } = options;
  // The test of a checkout starts the plugin.
  const provider = await startProviderServer();
  const host = await startLanguageHost();
  const checkout = join(folder, "checkout");
  await mkdir(checkout, { recursive: true });
  const pulumi =
    cli === undefined
      ? await knownOutputs(options)
      : await realPulumi(options, checkout, cli, host, provider.port);
  const standIns = await writeStandIns(folder, pulumi, amplitude.url);
  const files = join(PROJECT, "test", "delivery", "events", "export", "fixtures", "export.zip");
  await cp(files, join(checkout, "export.zip"));
  const env = await environment(options, standIns);
  let blocks = 0;
  const run = async (shell: string, code: string) => {
    blocks += 1;
    const script = join(folder, `block-${blocks}.${shell}`);
    await writeFile(script, code);
    const args = shell === "bash" ? ["-euo", "pipefail", script] : [script];
    return new Promise<{ status: number; printed: string }>((resolve) => {
      execFile(shell, args, { cwd: checkout, env, timeout: 120_000 }, (error, stdout, stderr) => {
        const status = error === null ? 0 : Number(error.code ?? -1);
        resolve({ status, printed: `${stdout}\n${stderr}` });
      });
    });
  };
  const stop = () => {
    host.stop();
    provider.stop();
  };
  return { standIns, run, stop };
}

async function environment({ folder, aws, amplitude }: WorldOptions, { bin }: StandIns) {
  const { operator, amplitude: sender } = aws.principals;
  const profiles = { default: operator, operator, acme: operator, amplitude: sender };
  const credentials = join(folder, "credentials");
  const lines = Object.entries(profiles).map(
    ([name, { accessKeyId, secretAccessKey }]) =>
      `[${name}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  );
  await writeFile(credentials, lines.join("\n"));
  return {
    PATH: bin,
    HOME: folder,
    TMPDIR: folder,
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_SHARED_CREDENTIALS_FILE: credentials,
    AWS_CONFIG_FILE: "none",
    AWS_EC2_METADATA_DISABLED: "true",
    SANDBOX_API_KEY: amplitude.apiKey,
    AMPLITUDE_API_KEY: amplitude.apiKey,
    GITHUB_STEP_SUMMARY: join(folder, "summary.md"),
  };
}

/** Returns the real command, which asks no questions and finds its language host. */
async function realPulumi(
  { aws, hasStack }: WorldOptions,
  folder: string,
  cli: PulumiCli,
  host: LanguageHost,
  providerPort: number,
): Promise<PulumiStandIn> {
  const command = cli.command.command;
  const checkout = await makeCheckout(folder, aws, command, host);
  checkout.environment.PULUMI_DEBUG_PROVIDERS = `aws:${providerPort}`;
  for (const stack of ["globex", "acme", "initech"]) await writeStackSettings(folder, stack, aws);
  await checkout.pulumi("stack", "init", "globex");
  if (hasStack) {
    await checkout.pulumi("stack", "init", "acme");
    await checkout.pulumi("up", "--yes", "--skip-preview");
  }
  const variables = Object.entries(checkout.environment).map(
    ([name, value]) => `${name}=${shellWord(value)}`,
  );
  const script = `case "$1 $2" in "stack rm") set -- "$@" --yes;; esac
case "$PULUMI_AUTOMATION_API $1" in " up"|" refresh"|" destroy") set -- "$@" --yes --skip-preview;; esac
exec env ${variables.join(" ")} ${shellWord(command)} --non-interactive "$@"`;
  return { script };
}

/** Replaces `pulumi`: answers `stack output` and `config --json`, and does nothing for other commands. */
async function knownOutputs({ folder, aws }: WorldOptions): Promise<PulumiStandIn> {
  const own = join(folder, "in-process");
  await mkdir(own);
  const { outputs } = await provision({ folder: own, aws, stackName: "acme", engine: "in-process" });
  const values = Object.entries(outputs).map(
    ([name, value]) => `*" ${name} "*) printf '%s\\n' ${shellWord(value)};;`,
  );
  const script = `case "$1 $2" in
"config --json") echo '{}';;
"stack output") case " $* " in
*" --json "*) printf '%s\\n' ${shellWord(JSON.stringify(outputs))};;
${values.join("\n")}
esac;;
esac`;
  return { script };
}

/** Writes rows like Amplitude's to a stream until it is stopped, for the documents' `watch` commands. */
export function startRows(aws: Fixture, streamName: string): { stop(): Promise<void> } {
  const { kinesis } = clientsOf(aws, aws.principals.operator);
  let stopped = false;
  const writing = (async () => {
    for (let batch = 0; !stopped; batch += 1) {
      const Records = (await rows(5, `documents ${batch}`)).map((row) => ({
        PartitionKey: String(row.uuid),
        Data: Buffer.from(JSON.stringify(row)),
      }));
      await kinesis.send(new PutRecordsCommand({ StreamName: streamName, Records })).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    kinesis.destroy();
  })();
  return {
    stop: () => {
      stopped = true;
      return writing;
    },
  };
}
