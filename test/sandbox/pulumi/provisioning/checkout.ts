import { execFile } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { LocalAws } from "../../../../sandbox/aws";
import {
  cliEnvironment,
  makePlaces,
  providerSettings,
  writePluginFolder,
} from "../../../../sandbox/pulumi/provisioning/places";
import { PROJECT } from "../../../cache";
import type { LanguageHost } from "./languageHost";

const run = promisify(execFile);
/** Files of a checkout that Pulumi uses. */
const PARTS = ["Pulumi.yaml", "index.ts", "components", "package.json", "tsconfig.json"];

export interface Checkout {
  folder: string;
  /** Complete environment of a `pulumi` command in it. Its state is also in `folder`. */
  environment: Record<string, string>;
  /** @returns The command's output. */
  pulumi(...words: string[]): Promise<string>;
}

/** Copies the files of a checkout that Pulumi uses to a new `folder`. */
export async function copyCheckout(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const part of PARTS) await cp(join(PROJECT, part), join(folder, part), { recursive: true });
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"), "junction");
}

/** Returns the whole environment of a `pulumi` command that reaches only the sandbox, and writes only to `folder`. */
export async function sandboxEnvironment(
  folder: string,
  { endpoint, region, principals }: LocalAws,
  host: LanguageHost,
): Promise<Record<string, string>> {
  const places = await makePlaces(folder);
  await writePluginFolder(places.plugin);
  const { NODE_COMPILE_CACHE, GOGC } = process.env;
  return {
    ...cliEnvironment(places),
    ...host.environment,
    ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }),
    ...(GOGC && { GOGC }),
    PATH: [places.plugin, process.env.PATH].join(delimiter),
    HOME: places.home,
    TMPDIR: places.temporary,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: principals.operator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: principals.operator.secretAccessKey,
  };
}

/** Makes a checkout of this project in `folder`, whose stacks are created in the sandbox. */
export async function makeCheckout(
  folder: string,
  local: LocalAws,
  command: string,
  host: LanguageHost,
): Promise<Checkout> {
  await copyCheckout(folder);
  const environment = await sandboxEnvironment(join(folder, ".state"), local, host);
  const pulumi = async (...words: string[]) => {
    const options = { cwd: folder, env: environment };
    const { stdout } = await run(command, ["--non-interactive", ...words], options).catch(
      (failed: { stdout?: string; stderr?: string }) => {
        throw new Error(`pulumi ${words.join(" ")}\n${failed.stdout}\n${failed.stderr}`);
      },
    );
    return stdout;
  };
  return { folder, environment, pulumi };
}

/** Writes the settings with which the stack of that name reaches the sandbox. */
export async function writeStackSettings(folder: string, stack: string, local: LocalAws): Promise<void> {
  const settings = Object.entries(providerSettings(local)).map(([key, value]) => [`aws:${key}`, value]);
  // JSON is valid YAML.
  const config = JSON.stringify({ config: Object.fromEntries(settings) }, null, 2);
  await writeFile(join(folder, `Pulumi.${stack}.yaml`), `${config}\n`);
}
