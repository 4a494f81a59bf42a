import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/language_pb";
import { PackageDependency, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";

export interface LanguageHost {
  /** Makes a `pulumi` command use this host. */
  environment: { PULUMI_DEBUG_LANGUAGES: string };
  stop(): void;
}

/**
 * Starts a replacement for Pulumi's language host for Node, which the tests' CLI lacks. It serves several commands at a
 * time, and starts programs and plugins as the real one does: by the SDK's runners, with the options of Pulumi.yaml.
 * Source: pulumi/pulumi v3.259.0, sdk/nodejs/cmd/pulumi-language-nodejs/main.go, Run, RunPlugin, GetRequiredPackages.
 */
export async function startLanguageHost(): Promise<LanguageHost> {
  const processes = new Set<ChildProcess>();
  /** Addresses of the engines, by the connection on which each made its handshake. */
  const engines = new Map<string, string>();
  const started = (child: ChildProcess) => {
    processes.add(child.once("exit", () => processes.delete(child)));
    return child;
  };
  const server = new Server();
  server.addService(LanguageRuntimeService, {
    handshake: (
      call: ServerUnaryCall<proto.LanguageHandshakeRequest, proto.LanguageHandshakeResponse>,
      callback: sendUnaryData<proto.LanguageHandshakeResponse>,
    ) => {
      engines.set(call.getPeer(), call.request.getEngineAddress());
      callback(null, new proto.LanguageHandshakeResponse());
    },
    getPluginInfo: (_: unknown, callback: sendUnaryData<PluginInfo>) => callback(null, new PluginInfo()),
    getRequiredPackages: (
      { request }: ServerUnaryCall<proto.GetRequiredPackagesRequest, proto.GetRequiredPackagesResponse>,
      callback: sendUnaryData<proto.GetRequiredPackagesResponse>,
    ) => {
      const packages = installedProviders(request.getInfo()?.getProgramDirectory() ?? "");
      callback(null, new proto.GetRequiredPackagesResponse().setPackagesList(packages));
    },
    run: (
      call: ServerUnaryCall<proto.RunRequest, proto.RunResponse>,
      callback: sendUnaryData<proto.RunResponse>,
    ) => {
      const engine = engines.get(call.getPeer()) ?? "";
      responseOf(started(startProgram(call.request, engine))).then(
        (response) => callback(null, response),
        (error: Error) => callback(error, null),
      );
    },
    runPlugin: (call: ServerWritableStream<proto.RunPluginRequest, proto.RunPluginResponse>) => {
      const child = started(startPlugin(call.request));
      child.stdout?.on("data", (chunk) => call.write(new proto.RunPluginResponse().setStdout(chunk)));
      child.stderr?.on("data", (chunk) => call.write(new proto.RunPluginResponse().setStderr(chunk)));
      child.once("close", (code) => {
        call.write(new proto.RunPluginResponse().setExitcode(code ?? -1));
        call.end();
      });
      call.once("cancelled", () => child.kill("SIGKILL"));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const stop = () => {
    for (const child of processes) child.kill("SIGKILL");
    server.forceShutdown();
  };
  return { environment: { PULUMI_DEBUG_LANGUAGES: `nodejs:${port}` }, stop };
}

/** The engine downloads these unless it finds their plugins. */
function installedProviders(folder: string): PackageDependency[] {
  const scope = join(folder, "node_modules", "@pulumi");
  return namesIn(scope).flatMap((name) => {
    const manifest = JSON.parse(readFileSync(join(scope, name, "package.json"), "utf8"));
    if (!manifest.pulumi?.resource) return [];
    const dependency = new PackageDependency().setName(manifest.pulumi.name ?? name).setKind("resource");
    return [dependency.setVersion(`v${manifest.version}`)];
  });
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function startProgram(request: proto.RunRequest, engine: string): ChildProcess {
  const info = request.getInfo();
  const flags: Record<string, string> = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": info?.getRootDirectory() ?? "",
    stack: request.getStack(),
    pwd: info?.getProgramDirectory() ?? "",
    parallel: String(request.getParallel()),
  };
  const words = Object.entries(flags).flatMap(([flag, value]) => (value === "" ? [] : [`--${flag}`, value]));
  if (request.getDryrun()) words.push("--dry-run");
  const { nodeArguments, environment, runner } = runnerOf("run", info);
  const args = [...nodeArguments, runner, ...words, info?.getEntryPoint() ?? "."];
  return spawn(process.execPath, [...args, ...request.getArgsList()], {
    cwd: request.getPwd(),
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      ...environment,
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
  });
}

/** The plugin's working directory is the user's. Node's arguments follow the runner, as in the real host. */
function startPlugin(request: proto.RunPluginRequest): ChildProcess {
  const info = request.getInfo();
  const { nodeArguments, environment, runner } = runnerOf("run-plugin", info);
  const args = [runner, ...nodeArguments, info?.getProgramDirectory() ?? "", ...request.getArgsList()];
  const inherited = request.getEnvList().map((line) => {
    const [name = "", ...value] = line.split("=");
    return [name, value.join("=")];
  });
  return spawn(process.execPath, args, {
    cwd: request.getPwd(),
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...Object.fromEntries(inherited), ...environment },
  });
}

/** Finds one of the SDK's runners from the program's folder, and its settings by the options of Pulumi.yaml. */
function runnerOf(name: "run" | "run-plugin", info: proto.ProgramInfo | undefined) {
  const folder = info?.getProgramDirectory() ?? "";
  const { typescript = true, nodeargs = "" } = (info?.getOptions()?.toJavaScript() ?? {}) as {
    typescript?: boolean;
    nodeargs?: string;
  };
  return {
    nodeArguments: nodeargs.split(/\s+/).filter((word) => word !== ""),
    environment: typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {},
    runner: createRequire(join(folder, "program")).resolve(`@pulumi/pulumi/cmd/${name}`),
  };
}

/** Status of a program whose errors Pulumi's runtime has already shown. The engine then adds none. */
const ERRORS_SHOWN = 32;

async function responseOf(program: ChildProcess): Promise<proto.RunResponse> {
  const complaints: string[] = [];
  program.stderr?.on("data", (chunk) => complaints.push(String(chunk)));
  const [status] = await once(program, "close");
  const response = new proto.RunResponse();
  if (status === ERRORS_SHOWN && complaints.length === 0) response.setBail(true);
  else if (status !== 0) response.setError(`the program ended with ${status}: ${complaints.join("")}`);
  return response;
}
