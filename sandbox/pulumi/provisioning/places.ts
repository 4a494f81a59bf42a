import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import type { LocalAws } from "../../aws";

export interface ProvisionOptions {
  /** The only place where anything is written. It has to exist, and to hold no stack of this name. */
  folder: string;
  aws: LocalAws;
  stackName: string;
  /**
   * The stack's configuration, over the defaults of Pulumi.yaml: `streamName: "events"`, `tags: { team: "data" }`.
   * A key without a namespace is the project's own.
   */
  config?: Record<string, unknown>;
  /** Default: the engine where a `pulumi` command that is new enough is on PATH, else Pulumi's in-process runtime. */
  engine?: "pulumi" | "in-process" | undefined;
  /** The stack program. Default: the project's own. */
  program?: string;
  /** Gives the provisioning up, whose processes are then killed; what it has made stays. */
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
  /** What made the resources, in words: `Pulumi engine v3.259.0` or `Pulumi's in-process runtime`. */
  engine: string;
  outputs: StackOutputs;
  /** Where the engine keeps the stack; absent where Pulumi ran in process, which keeps none. */
  stack?: { name: string; project: string; environment: Record<string, string> };
  /** Deletes what was made, the last first. */
  destroy(): Promise<void>;
}

/** Where the Pulumi CLI and what it runs have their files. */
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

const PROJECT_FOLDER = join(__dirname, "..", "..", "..");
export const PROGRAM = join(PROJECT_FOLDER, "index.ts");

/** Pulumi.yaml, as far as it is looked at here. */
export interface Project {
  name: string;
  config?: Record<string, { default?: unknown; value?: unknown }>;
  [setting: string]: unknown;
}

export async function readProject(): Promise<Project> {
  const pulumiCommand = { command: "pulumi", version: null };
  const workspace = await LocalWorkspace.create({ workDir: PROJECT_FOLDER, pulumiCommand });
  // The API's type knows neither typed configuration nor plugins.
  return (await workspace.projectSettings()) as unknown as Project;
}

/** The stack's own configuration and the sandbox's, each key with its namespace. */
export function namespaced(project: Project, config: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(config).map(([key, value]) => [
    key.includes(":") ? key : `${project.name}:${key}`,
    value,
  ]);
  return Object.fromEntries(entries);
}

/**
 * Writes what the engine takes for the AWS provider: a folder with an executable named `pulumi-resource-aws`, to be
 * named in `plugins.providers` of the project. The plugin itself runs from here, on the Node that runs this.
 */
export async function writePluginFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const command = [
    process.execPath,
    "-r",
    require.resolve("tsx/cjs"),
    join(__dirname, "..", "provider", "main.ts"),
  ];
  const script = `#!/bin/sh\nexec ${command.map(quoted).join(" ")} "$@"\n`;
  await writeFile(join(folder, "pulumi-resource-aws"), script, { mode: 0o755 });
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What anybody sets who points the AWS provider at an endpoint of their own; the keys go apart. */
export function providerSettings({ endpoint, region }: LocalAws) {
  return {
    region,
    endpoints: [{ kinesis: endpoint, iam: endpoint, sts: endpoint, cloudwatch: endpoint }],
    skipCredentialsValidation: true,
    skipMetadataApiCheck: true,
    skipRequestingAccountId: true,
  };
}
