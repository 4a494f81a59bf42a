import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../../delivery/cli/main";
import type { Outcome } from "./commandLine";

const ISOLATED = {
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_CONFIG_FILE: "none",
  AWS_SHARED_CREDENTIALS_FILE: "none",
  XDG_STATE_HOME: join(tmpdir(), "amplitude-kinesis-tests"),
};

/**
 * Runs the command in this process, without its AWS settings. It takes a hundredth of the time of a new process. Calls must
 * not overlap, because they replace the process's standard output and environment.
 */
export async function runInProcess(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const before = { env: process.env, exitCode: process.exitCode };
  const { PATH = "", HOME = "", TMPDIR = "/tmp" } = process.env;
  const outcome = { stdout: "", stderr: "" };
  const restore = [captured("stdout", outcome), captured("stderr", outcome)];
  process.env = { PATH, HOME, TMPDIR, ...ISOLATED, ...env };
  process.exitCode = undefined;
  try {
    await main([process.execPath, "amplitude-kinesis", ...args]);
    return { status: Number(process.exitCode ?? 0), ...outcome };
  } finally {
    for (const each of restore) each();
    process.env = before.env;
    process.exitCode = before.exitCode;
  }
}

function captured(name: "stdout" | "stderr", outcome: Record<"stdout" | "stderr", string>): () => void {
  const stream = process[name];
  const write = stream.write;
  const listeners = stream.listeners("error");
  stream.write = ((chunk: string | Uint8Array) => {
    outcome[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    return true;
  }) as typeof stream.write;
  return () => {
    stream.write = write;
    for (const listener of stream.listeners("error")) {
      if (!listeners.includes(listener)) stream.off("error", listener as () => void);
    }
  };
}
