import { execFile } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { LocalAws } from "../../../../sandbox/aws";
import { providerSettings, writePluginFolder } from "../../../../sandbox/pulumi/provisioning/places";
import { PROJECT } from "../../../cache";

const run = promisify(execFile);
/** What Pulumi takes of a checkout. */
const PARTS = ["index.ts", "components", "package.json", "tsconfig.json"];

export interface Checkout {
  /** With the project's own Pulumi.yaml, as it is, and a line that says where its provider is. */
  folder: string;
  /** The whole environment of a `pulumi` command in it; its state is in `folder` too. */
  environment: Record<string, string>;
  /** @returns what the command prints. */
  pulumi(...words: string[]): Promise<string>;
}

/** A checkout of this project in `folder`, which is made, whose stacks are made in the sandbox. */
export async function makeCheckout(folder: string, local: LocalAws, command: string): Promise<Checkout> {
  await mkdir(folder, { recursive: true });
  for (const part of PARTS) await cp(join(PROJECT, part), join(folder, part), { recursive: true });
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"), "junction");
  const plugin = join(folder, ".plugin");
  await writePluginFolder(plugin);
  const project = await readFile(join(PROJECT, "Pulumi.yaml"), "utf8");
  const provider = `plugins:\n  providers:\n    - name: aws\n      path: ${JSON.stringify(plugin)}\n`;
  await writeFile(join(folder, "Pulumi.yaml"), `${project}${provider}`);
  const state = join(folder, ".state");
  await mkdir(state);
  const { accessKeyId, secretAccessKey } = local.principals.operator;
  const environment = {
    PATH: process.env.PATH ?? "",
    HOME: state,
    TMPDIR: state,
    PULUMI_HOME: join(state, "home"),
    PULUMI_BACKEND_URL: pathToFileURL(state).href,
    PULUMI_CONFIG_PASSPHRASE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
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

/** A stack's settings that lead to the sandbox; the stack of that name, once it is made, takes them. */
export async function writeStackSettings(folder: string, stack: string, local: LocalAws): Promise<void> {
  const settings = Object.entries(providerSettings(local)).map(([key, value]) => [`aws:${key}`, value]);
  // JSON is YAML.
  const config = JSON.stringify({ config: Object.fromEntries(settings) }, null, 2);
  await writeFile(join(folder, `Pulumi.${stack}.yaml`), `${config}\n`);
}
