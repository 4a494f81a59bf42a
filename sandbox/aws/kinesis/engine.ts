import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { resolve } from "node:path";

/** The process that stores streams and records. It checks neither credentials nor policies, so only the gateway calls it. */
export interface KinesisEngine {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;

/** Duration of a stream's state changes: long enough to observe CREATING, short enough not to delay users. */
const TRANSITION_TIME = "50ms";

const TRANSITIONS = [
  "CREATE_STREAM",
  "DELETE_STREAM",
  "START_STREAM_ENCRYPTION",
  "STOP_STREAM_ENCRYPTION",
  "MERGE_SHARDS",
  "SPLIT_SHARD",
  "UPDATE_SHARD_COUNT",
  "UPDATE_STREAM_MODE",
];

/**
 * @param folder The engine's working directory, the only folder that it writes to.
 * @param signal Cancels the start. After it, only `stop` ends the engine.
 */
export async function startKinesisEngine(folder: string, signal?: AbortSignal): Promise<KinesisEngine> {
  signal?.throwIfAborted();
  const { resolve: resolveModule } = createRequire(__filename);
  const engine = resolveModule("kinesis-local");
  const child = spawn(process.execPath, ["--require", resolve(__dirname, "preload.cjs"), engine], {
    cwd: folder,
    env: settings(folder, resolveModule("kinesis-local/server.json")),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const exited = new Promise<void>((settle) =>
    child.once("exit", () => settle()).once("error", () => settle()),
  );
  const stop = () => {
    child.kill("SIGKILL");
    return exited;
  };
  const giveUp = () => void stop();
  signal?.addEventListener("abort", giveUp);
  try {
    const port = await portOf(child, exited);
    if (child.pid === undefined) throw new Error("The Kinesis engine has no process id.");
    return { port, pid: child.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}

async function portOf(child: ChildProcess, exited: Promise<void>): Promise<number> {
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const started = once(child, "message", { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
  const ended = exited.then(() => Promise.reject(new Error("it exited")));
  ended.catch(() => {});
  try {
    const [message] = await Promise.race([started, ended]);
    return (message as { port: number }).port;
  } catch (cause) {
    throw new Error(`The Kinesis engine (kinesis-local) did not start. ${complaint}`, { cause });
  }
}

/** Passes on only Node's compile cache, which halves the CPU time of a start. A variable for another engine would change this one. */
function settings(folder: string, certificatePath: string): NodeJS.ProcessEnv {
  const { NODE_COMPILE_CACHE } = process.env;
  return {
    ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }),
    ...Object.fromEntries(TRANSITIONS.map((transition) => [`${transition}_DURATION`, TRANSITION_TIME])),
    TMPDIR: folder,
    // Two different numbers that only identify the listeners: the preload makes each listen on a free port instead.
    KINESIS_MOCK_PLAIN_PORT: "1",
    KINESIS_MOCK_TLS_PORT: "2",
    KINESIS_MOCK_CERT_PATH: certificatePath,
    SHARD_LIMIT: "10000",
    ON_DEMAND_STREAM_COUNT_LIMIT: "1000",
    LOAD_DATA_IF_EXISTS: "false",
    SHOULD_PERSIST_DATA: "false",
    LOG_LEVEL: "ERROR",
    ROOT_LOG_LEVEL: "ERROR",
  };
}
