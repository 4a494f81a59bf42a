import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { findPulumiCli } from "../../../../sandbox/pulumi/provisioning/pulumiCli";
import { skip } from "../../../skip";

/** Source: the layout that Pulumi's file backend writes, version 3 of its state. */
const STACKS = join("state", ".pulumi", "stacks", "customers");

/** A Pulumi project whose stacks have the state that a test gives them, so that no program has to run. */
export class PulumiStacks {
  private constructor(
    /** Parent of the project. */
    readonly folder: string,
    /** Environment in which `pulumi` finds the stacks. */
    readonly env: Record<string, string>,
  ) {}

  /** Skips the suite if there is no `pulumi` command. */
  static async create(context: Mocha.Context): Promise<PulumiStacks> {
    const folder = await mkdtemp(join(tmpdir(), "pulumi-stacks-"));
    if ((await findPulumiCli(folder)) === undefined) skip(context, "no pulumi is on PATH");
    for (const path of ["project", STACKS]) await mkdir(join(folder, path), { recursive: true });
    await writeFile(join(folder, "project", "Pulumi.yaml"), "name: customers\nruntime: yaml\n");
    const env = {
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: pathToFileURL(join(folder, "state")).href,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    return new PulumiStacks(folder, env);
  }

  get project(): string {
    return join(this.folder, "project");
  }

  /** Creates a stack with these outputs, settings, settings to encrypt, and components. */
  async add(
    name: string,
    outputs: object,
    config: Record<string, unknown> = {},
    secrets: Record<string, string> = {},
    components: { urn: string; outputs: object }[] = [],
  ): Promise<void> {
    const urn = `urn:pulumi:${name}::customers::pulumi:pulumi:Stack::customers-${name}`;
    const resource = { urn, custom: false, type: "pulumi:pulumi:Stack", outputs };
    const others = components.map((each) => ({
      ...each,
      custom: false,
      type: "amplitude-kinesis:index:Any",
    }));
    const latest = { manifest: { time: "2026-11-28T00:00:00Z" }, resources: [resource, ...others] };
    const state = { version: 3, checkpoint: { stack: `organization/customers/${name}`, latest } };
    // Pulumi would take two seconds to create the stack and to import its state.
    await this.write(join(STACKS, `${name}.json`), JSON.stringify(state));
    await this.write(join("project", `Pulumi.${name}.yaml`), JSON.stringify({ config }));
    const set = Object.entries(secrets).flatMap(([key, value]) => ["--secret", `${key}=${value}`]);
    if (set.length > 0) await this.pulumi("config", "set-all", "--stack", name, ...set);
  }

  /** Writes a file, with a path relative to the folder. */
  write(file: string, content: string): Promise<void> {
    return writeFile(join(this.folder, file), content);
  }

  private pulumi(...args: string[]): Promise<{ stdout: string }> {
    const env = { ...process.env, ...this.env };
    return promisify(execFile)("pulumi", [...args, "--non-interactive", "--cwd", this.project], { env });
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
