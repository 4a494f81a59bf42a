import { join } from "node:path";
import { LocalWorkspace } from "@pulumi/pulumi/automation";

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
