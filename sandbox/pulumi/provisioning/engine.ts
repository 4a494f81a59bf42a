import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { OutputMap, PulumiFn, Stack } from "@pulumi/pulumi/automation";
import type { LocalPrincipal } from "../../aws";
import { provisionInProcess } from "./inProcess";
import type { Project, Provisioned, ProvisionOptions, StackOutputs } from "./places";
import {
  cliEnvironment,
  makePlaces,
  namespaced,
  type Places,
  PROGRAM,
  providerSettings,
  readProject,
  requireOneSdk,
  writePluginFolder,
} from "./places";
import { findPulumiCli, type PulumiCli } from "./pulumiCli";

// Loading them takes a fifth of the CPU time of a run that provisions without the engine.
const automation = (): typeof import("@pulumi/pulumi/automation") => require("@pulumi/pulumi/automation");
const pulumi = (): typeof import("@pulumi/pulumi") => require("@pulumi/pulumi");

/**
 * Runs the stack program against the sandbox's AWS.
 *
 * @throws Error with the message of the program, the engine or the provider if the stack could not be created.
 * After a cancellation it rejects once its processes have ended, or some seconds later.
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  requireOneSdk();
  const cli = await chosenCli(options);
  if (cli === undefined) return provisionInProcess(options);
  const stack = await createStack(options, cli);
  const { outputs } = await stack.up();
  return {
    engine: `Pulumi engine v${cli.version}`,
    outputs: valuesOf(outputs),
    stack: { name: options.stackName, project: stack.workspace.workDir },
    destroy: async () => {
      await stack.destroy();
    },
  };
}

async function chosenCli({ engine, folder, signal }: ProvisionOptions): Promise<PulumiCli | undefined> {
  if (engine === "in-process") return undefined;
  const cli = await findPulumiCli(folder, signal);
  if (cli !== undefined || engine === undefined) return cli;
  throw new Error("no pulumi command of version 3.200 or later is on the PATH");
}

/**
 * Creates an empty stack of the stack program. Its engine, state, plugins and temporary files are all in the folder.
 *
 * @param options With `providerPort`, the engine uses the provider that listens there instead of starting the plugin.
 * @throws PulumiCommandError if the folder holds a stack of this name.
 */
export async function createStack(
  options: ProvisionOptions & { providerPort?: number },
  { command }: PulumiCli,
): Promise<Stack> {
  const { folder, aws, stackName, config = {}, program = PROGRAM, providerPort } = options;
  const attached = providerPort === undefined ? {} : { PULUMI_DEBUG_PROVIDERS: `aws:${providerPort}` };
  keepChannelsApart();
  const places = await makePlaces(folder);
  await writePluginFolder(places.plugin);
  const project = await readProject();
  await writeProject(places, project);
  const settings = { ...namespaced(project.name, config), ...namespaced("aws", providerSettings(aws)) };
  await writeJson(join(places.project, `Pulumi.${stackName}.yaml`), { config: settings });
  const workspace = await automation().LocalWorkspace.create({
    pulumiCommand: command,
    workDir: places.project,
    pulumiHome: places.home,
    program: reloading(program),
    envVars: { ...environment(places, aws.principals.operator), ...attached },
  });
  return automation().Stack.create(stackName, workspace);
}

/** Writes the project without its program, which runs in this process, and with the sandbox's provider. */
async function writeProject({ project, plugin }: Places, settings: Project): Promise<void> {
  const { main, template, ...kept } = settings;
  const plugins = { providers: [{ name: "aws", path: plugin }] };
  await writeJson(join(project, "Pulumi.yaml"), { ...kept, plugins });
}

/** Writes JSON, which is valid YAML. */
async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Passes the keys through the environment, because `pulumi config set --secret` shows them in the process list. */
function environment(places: Places, operator: LocalPrincipal): Record<string, string> {
  return {
    ...cliEnvironment(places),
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    AWS_ACCESS_KEY_ID: operator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: operator.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: "true",
    TMPDIR: places.temporary,
  };
}

/** Reloads the program for each update, because it creates its resources when it is loaded. */
function reloading(program: string): PulumiFn {
  return async () => {
    delete require.cache[require.resolve(program)];
    return require(program) as Record<string, unknown>;
  };
}

function valuesOf(outputs: OutputMap): StackOutputs {
  const entries = Object.entries(outputs).map(([name, { value }]) => [name, value]);
  return Object.fromEntries(entries) as StackOutputs;
}

/**
 * Gives every gRPC client of Pulumi's Node runtime in this process separate connections from now on.
 *
 * For an inline program the runtime leaves its clients of the engine open when an update has ended, and gRPC shares
 * connections by address. If a later update's engine reuses the port of an earlier one, its client would get
 * the dead connection and fail with UNAVAILABLE. The runtime takes that for an engine that is shutting down: the update
 * fails, or succeeds without registering anything.
 */
export function keepChannelsApart(): void {
  // Pulumi's types omit the exported options.
  const { grpcClientOptions } = pulumi().runtime as { grpcClientOptions?: object };
  if (grpcClientOptions === undefined)
    throw new Error("Pulumi's runtime does not export the expected gRPC options");
  Object.assign(grpcClientOptions, { "grpc.use_local_subchannel_pool": 1 });
}
