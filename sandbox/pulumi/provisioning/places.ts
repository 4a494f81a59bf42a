import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import type { LocalAws } from "../../aws";
import { SERVICES } from "../provider/configuration";

export interface ProvisionOptions {
  /** The only folder that provisioning writes to. It must exist and hold no stack of this name. */
  folder: string;
  aws: LocalAws;
  stackName: string;
  /**
   * The stack's configuration, which overrides the defaults in Pulumi.yaml: `streamName: "events"`, `tags: { team: "data" }`.
   * A key without a namespace gets the project's.
   */
  config?: Record<string, unknown>;
  /** Default: the engine if a supported `pulumi` command is on the PATH, otherwise Pulumi's in-process runtime. */
  engine?: "pulumi" | "in-process" | undefined;
  /** The stack program. Default: the project's. */
  program?: string;
  /** Cancels provisioning and kills its processes. Created resources remain. */
  signal?: AbortSignal;
}

export interface StackOutputs {
  roleArn: string;
  region: string;
  streamName: string;
  streamArn: string;
  readme: string;
}

export interface Provisioned {
  /** Name of the engine: `Pulumi engine v3.259.0` or `Pulumi's in-process runtime`. */
  engine: string;
  outputs: StackOutputs;
  /** Location of the engine's stack. The in-process runtime keeps no stack. */
  stack?: { name: string; project: string };
  /** Deletes the created resources in reverse order. */
  destroy(): Promise<void>;
}

/** Folders of the Pulumi CLI and its child processes. */
export interface Places {
  home: string;
  state: string;
  project: string;
  plugin: string;
  temporary: string;
}

export async function makePlaces(folder: string): Promise<Places> {
  const place = (name: string) => join(folder, "pulumi", name);
  const places = {
    home: place("home"),
    state: place("state"),
    project: place("project"),
    plugin: place("plugin"),
    temporary: place("tmp"),
  };
  for (const path of Object.values(places)) await mkdir(path, { recursive: true });
  return places;
}

/** Returns the environment in which the command finds the stacks and writes only to the folder. */
export function cliEnvironment({ home, state }: Places): Record<string, string> {
  return {
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: pathToFileURL(state).href,
    PULUMI_CONFIG_PASSPHRASE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}

const PROJECT_FOLDER = join(__dirname, "..", "..", "..");
export const PROGRAM = join(PROJECT_FOLDER, "index.ts");

/**
 * Rejects a component that would load a second copy of Pulumi's SDK, which can't register anything with the engine of this
 * process's copy.
 *
 * @param folder Folder of a checkout.
 */
export function requireOneSdk(folder = PROJECT_FOLDER): void {
  const installed = join(folder, "components", "node_modules");
  if (!existsSync(join(installed, "@pulumi", "pulumi"))) return;
  throw new Error(
    `${installed} holds a second copy of Pulumi's SDK, which \`pulumi package add\` installs. ` +
      "Delete that folder: the plugin also works with the checkout's copy",
  );
}

/** The parts of Pulumi.yaml that provisioning reads. */
export interface Project {
  name: string;
  config?: Record<string, { default?: unknown; value?: unknown }>;
  [setting: string]: unknown;
}

export async function readProject(): Promise<Project> {
  return parse(await readFile(join(PROJECT_FOLDER, "Pulumi.yaml"), "utf8")) as Project;
}

/** Adds a namespace to keys without one. */
export function namespaced(namespace: string, config: Record<string, unknown>): Record<string, unknown> {
  const nameOf = (key: string) => (key.includes(":") ? key : `${namespace}:${key}`);
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [nameOf(key), value]));
}

/**
 * Writes a plugin folder that the engine accepts as the AWS provider, with an executable named `pulumi-resource-aws`, which
 * starts this project's provider with the current Node. The engine finds the folder on the PATH, or in the project's
 * `plugins.providers`.
 */
export async function writePluginFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const command = [
    process.execPath,
    "-r",
    join(__dirname, "..", "..", "process", "typescript.cjs"),
    join(__dirname, "..", "provider", "main.ts"),
  ];
  const script = `#!/bin/sh\nexec ${command.map(shellWord).join(" ")} "$@"\n`;
  await writeFile(join(folder, "pulumi-resource-aws"), script, { mode: 0o755 });
}

/** Quotes the text as one word for sh, in single quotes if any character needs it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Returns the settings that point an AWS provider at a custom endpoint, without the access keys. */
export function providerSettings({ endpoint, region }: LocalAws) {
  return {
    region,
    endpoints: [Object.fromEntries(SERVICES.map((service) => [service, endpoint]))],
    skipCredentialsValidation: true,
    skipMetadataApiCheck: true,
    skipRequestingAccountId: true,
  };
}
