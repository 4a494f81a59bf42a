import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runtime } from "@pulumi/pulumi";
import type { OutputMap, PulumiFn, Stack } from "@pulumi/pulumi/automation";
import { LocalWorkspace, Stack as Stacks } from "@pulumi/pulumi/automation";
import type { LocalPrincipal } from "../../aws";
import type { Project, Provisioned, ProvisionOptions, StackOutputs } from "./places";
import {
  makePlaces,
  namespaced,
  type Places,
  PROGRAM,
  providerSettings,
  readProject,
  writePluginFolder,
} from "./places";
import type { PulumiCli } from "./pulumiCli";

export async function provisionThroughEngine(
  options: ProvisionOptions,
  cli: PulumiCli,
): Promise<Provisioned> {
  const stack = await createStack(options, cli);
  const { outputs } = await stack.up();
  const { workspace } = stack;
  return {
    engine: `Pulumi engine v${cli.version}`,
    outputs: valuesOf(outputs),
    stack: {
      name: options.stackName,
      project: workspace.workDir,
      environment: cliEnvironment(await makePlaces(options.folder)),
    },
    destroy: async () => {
      await stack.destroy();
    },
  };
}

/**
 * A stack of the stack program, as yet empty, whose engine, state, plugins and temporary files are all in the folder.
 *
 * @param options With `providerPort`, the engine uses the provider that listens there instead of starting the plugin.
 * @throws PulumiCommandError where the folder holds a stack of this name.
 */
export async function createStack(
  options: ProvisionOptions & { providerPort?: number },
  { command }: PulumiCli,
): Promise<Stack> {
  const { folder, aws, stackName, config = {}, program = PROGRAM } = options;
  keepChannelsApart();
  const places = await makePlaces(folder);
  await writePluginFolder(places.plugin);
  const project = await readProject();
  await writeProject(places, project);
  const settings = { ...namespaced(project, config), ...prefixed("aws:", providerSettings(aws)) };
  await writeJson(join(places.project, `Pulumi.${stackName}.yaml`), { config: settings });
  const workspace = await LocalWorkspace.create({
    pulumiCommand: command,
    workDir: places.project,
    pulumiHome: places.home,
    program: freshly(program),
    envVars: { ...environment(places, aws.principals.operator), ...attached(options.providerPort) },
  });
  return Stacks.create(stackName, workspace);
}

/** The project as it is, but for its program, which runs in this process, and its provider, which is the sandbox's. */
async function writeProject({ project, plugin }: Places, settings: Project): Promise<void> {
  const { main, template, ...kept } = settings;
  const plugins = { providers: [{ name: "aws", path: plugin }] };
  await writeJson(join(project, "Pulumi.yaml"), { ...kept, plugins });
}

/** JSON is YAML. */
async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** What the command needs to find the stack, and to write nothing elsewhere. */
function cliEnvironment({ home, state }: Places): Record<string, string> {
  return {
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: pathToFileURL(state).href,
    PULUMI_CONFIG_PASSPHRASE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}

/** The keys come to the provider by its environment: `pulumi config set --secret` would show them in the process list. */
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

function attached(providerPort: number | undefined): Record<string, string> {
  return providerPort === undefined ? {} : { PULUMI_DEBUG_PROVIDERS: `aws:${providerPort}` };
}

function prefixed(prefix: string, settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`${prefix}${key}`, value]));
}

/** Run anew for each update: the program makes its resources as it is loaded. */
function freshly(program: string): PulumiFn {
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
 * Gives each gRPC client of Pulumi's Node runtime connections of its own, from now on and in this process.
 *
 * For an inline program the runtime leaves its clients of the engine open when an update has ended, and gRPC shares
 * connections by address. Where a later update's engine is given a port that an earlier one had, its client would get
 * the dead connection and fail at once, with UNAVAILABLE, which the runtime takes for an engine that is ending: the
 * update fails, or succeeds with nothing registered.
 */
export function keepChannelsApart(): void {
  Object.assign(clientOptions(), { "grpc.use_local_subchannel_pool": 1 });
}

/** The options are exported and left out of Pulumi's types. */
function clientOptions(): object {
  const { grpcClientOptions } = runtime as { grpcClientOptions?: object };
  if (grpcClientOptions === undefined)
    throw new Error("Pulumi's runtime has other gRPC options than is known");
  return grpcClientOptions;
}
