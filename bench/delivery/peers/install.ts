import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** They use version 2 of the SDK, 108 MB in all, so they are installed into a separate folder. */
const PACKAGES = ["aws-kinesis-writable@4.3.0", "kinesis-streams@0.7.0", "aws-sdk@2.1693.0"];
const FOLDER = join(homedir(), ".cache", "pulumi-amplitude-kinesis", "bench-peers");

/** The peers that this machine has, and why each other one is missing. */
export interface Peers {
  /** Folder of the npm peers. Absent if they can't be installed. */
  npm?: string | undefined;
  /** Commands that take a run of `onePath.ts` as their argument, by the name of their path. */
  commands: Record<string, string[]>;
  missing: string[];
}

/** Installs and builds the peers. Later runs use what is there. */
export async function installPeers(): Promise<Peers> {
  const peers: Peers = { commands: {}, missing: [] };
  await mkdir(FOLDER, { recursive: true });
  const attempt = async (name: string, install: () => Promise<void>) => {
    try {
      await install();
    } catch (error) {
      peers.missing.push(`${name}: ${String(error).split("\n")[0]}`);
    }
  };
  await attempt("the npm peers", async () => {
    await npmPeers();
    peers.npm = FOLDER;
  });
  await attempt("boto3", async () => {
    await run("python3", ["-c", "import boto3"]);
    peers.commands["write: boto3, from bytes"] = ["python3", join(__dirname, "python.py")];
  });
  await attempt("the SDK for Go", async () => {
    const binary = join(FOLDER, "go-peer");
    await run("go", ["build", "-o", binary, "."], { cwd: join(__dirname, "go") });
    peers.commands["write: the SDK for Go v1, from bytes"] = [binary];
  });
  return peers;
}

async function npmPeers(): Promise<void> {
  await writeFile(join(FOLDER, "package.json"), '{"private":true}');
  const options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--save-exact"];
  await run("npm", ["install", ...options, ...PACKAGES], { cwd: FOLDER });
}
