import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalAws, LocalPrincipal } from "../../../sandbox/aws";

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

export interface CallOptions {
  env?: Record<string, string>;
  stdin?: string;
}

/** The command, which `test/setup.ts` compiles once per run. */
export const ENTRY = join(process.env.TEST_RUN_FOLDER ?? "", "command", "bin", "amplitude-kinesis.js");

/** Runs `amplitude-kinesis` in a new process, without this process's AWS settings. */
export function amplitudeKinesis(
  args: string[],
  { env = {}, stdin = "" }: CallOptions = {},
): Promise<Outcome> {
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE = "", TMPDIR = "" } = process.env;
  const inherited = { PATH, HOME, NODE_COMPILE_CACHE, ...(TMPDIR === "" ? {} : { TMPDIR }) };
  const isolated = {
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "none",
    AWS_SHARED_CREDENTIALS_FILE: "none",
    XDG_STATE_HOME: join(tmpdir(), "amplitude-kinesis-tests"),
  };
  return new Promise((resolve) => {
    const options = { env: { ...inherited, ...isolated, ...env }, encoding: "utf8" as const };
    const child = execFile(process.execPath, [ENTRY, ...args], options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    // The command may end before it has read everything.
    child.stdin?.on("error", () => {}).end(stdin);
  });
}

/** Returns the environment variables with which a user would call the sandbox as one of its principals. */
export function environmentOf(
  { endpoint, region }: LocalAws,
  principal: LocalPrincipal,
): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: principal.accessKeyId,
    AWS_SECRET_ACCESS_KEY: principal.secretAccessKey,
  };
}
