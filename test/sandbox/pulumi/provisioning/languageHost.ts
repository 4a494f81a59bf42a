import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import {
  GetRequiredPackagesResponse,
  GetRequiredPluginsResponse,
  type RunRequest,
  RunResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { PROJECT } from "../../../cache";

const RUNNER = join(PROJECT, "node_modules", "@pulumi", "pulumi", "cmd", "run");

export interface LanguageHost {
  /** For the engine's `--client`. */
  address: string;
  stop(): void;
}

/**
 * In the place of Pulumi's language host for Node, which starts programs by the SDK's own runner, as this does: the
 * runner compiles the program by the project's own TypeScript and tsconfig.json. The command has no plugin to look for:
 * the project names where its provider is.
 */
export async function startLanguageHost(): Promise<LanguageHost> {
  const programs = new Set<ChildProcess>();
  const server = new Server();
  server.addService(LanguageRuntimeService, {
    getRequiredPackages: (_: unknown, answer: sendUnaryData<GetRequiredPackagesResponse>) =>
      answer(null, new GetRequiredPackagesResponse()),
    getRequiredPlugins: (_: unknown, answer: sendUnaryData<GetRequiredPluginsResponse>) =>
      answer(null, new GetRequiredPluginsResponse()),
    getPluginInfo: (_: unknown, answer: sendUnaryData<PluginInfo>) => answer(null, new PluginInfo()),
    run: ({ request }: ServerUnaryCall<RunRequest, RunResponse>, answer: sendUnaryData<RunResponse>) => {
      const program = start(request);
      programs.add(program);
      answerOf(program).then(
        (response) => answer(null, response),
        (error: Error) => answer(error, null),
      );
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const stop = () => {
    for (const program of programs) program.kill("SIGKILL");
    server.forceShutdown();
  };
  return { address: `127.0.0.1:${port}`, stop };
}

function start(request: RunRequest): ChildProcess {
  const flags: Record<string, string> = {
    monitor: request.getMonitorAddress(),
    engine: request.getArgsList()[0] ?? "",
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": request.getInfo()?.getRootDirectory() ?? "",
    stack: request.getStack(),
    pwd: request.getPwd(),
    parallel: String(request.getParallel()),
    "dry-run": String(request.getDryrun()),
  };
  const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const entry = request.getInfo()?.getEntryPoint() ?? ".";
  return spawn(process.execPath, [RUNNER, ...words, entry], {
    cwd: request.getPwd(),
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      PULUMI_NODEJS_TYPESCRIPT: "true",
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
  });
}

async function answerOf(program: ChildProcess): Promise<RunResponse> {
  const complaints: string[] = [];
  program.stderr?.on("data", (chunk) => complaints.push(String(chunk)));
  const [status] = await once(program, "close");
  const response = new RunResponse();
  if (status !== 0) response.setError(`the program ended with ${status}: ${complaints.join("")}`);
  return response;
}
