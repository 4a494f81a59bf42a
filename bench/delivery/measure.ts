import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { generate } from "selfsigned";
import { generateEvents } from "../../delivery/events/generator/generator";
import { eventObjects, readEvents } from "./events";
import { ExportedRows, writeExport } from "./exportedRows";
import type { PathRun } from "./onePath";
import { exportFileOf } from "./reconcilePaths";

const run = promisify(execFile);
const LOADER = ["--require", "tsx/cjs"];
/** Events in a file: 7.5 MB, or nearly 9 MB of `verify`'s own. */
const POOL = 5_000;

export interface SinkOptions {
  tls: boolean;
  /** Delay before each response. */
  latencyMs: number;
}

/** The sink, in a separate process, with the events that all paths send. */
export interface Sink {
  endpoint: string;
  eventsFile: string;
  /** Events that `verify` generates. */
  generatedFile: string;
  /** Start of the hour that is reconciled, as epoch time in ms: the last one that the Export API has for certain. */
  hour: number;
  /** Writes the hour's export of `events` events, and that of the warm-up, unless they exist. */
  prepareExports(events: number): Promise<void>;
  /** Environment variables with which a client trusts the sink's certificate. */
  environment: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

export async function startSink({ tls, latencyMs }: SinkOptions): Promise<Sink> {
  const folder = await mkdtemp(join(tmpdir(), "amplitude-kinesis-bench-"));
  const [eventsFile, generatedFile] = [join(folder, "events.jsonl"), join(folder, "generated.jsonl")];
  const events = eventObjects(POOL).map((event) => JSON.stringify(event));
  await writeFile(eventsFile, events.join("\n"));
  await writeFile(generatedFile, (await generated(POOL)).join("\n"));
  const files = tls ? await certificate(folder) : [];
  const sink = fork(join(__dirname, "sink.ts"), [eventsFile, generatedFile, String(latencyMs), ...files], {
    execArgv: LOADER,
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const port = await portOf(sink);
  const hour = (Math.floor(Date.now() / 3_600_000) - 4) * 3_600_000;
  return {
    hour,
    async prepareExports(events) {
      for (const number of [Math.ceil(events / 4), events]) {
        const file = exportFileOf(folder, number);
        if (existsSync(file)) continue;
        show(`export of ${number} events`);
        await writeExport(file, new ExportedRows(readEvents(generatedFile), hour, number), number);
      }
    },
    endpoint: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    eventsFile,
    generatedFile,
    environment: tls ? { NODE_EXTRA_CA_CERTS: files[1], AWS_CA_BUNDLE: files[1] } : {},
    async stop() {
      if (sink.connected) sink.disconnect();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function generated(count: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of generateEvents({ events: count, seed: 1 }).batches())
    for (const { bytes } of batch) lines.push(bytes.toString("utf8"));
  return lines;
}

async function portOf(sink: ChildProcess): Promise<string> {
  const [port] = await Promise.race([
    once(sink.stdout ?? sink, "data"),
    once(sink, "exit").then(() => Promise.reject(new Error("the sink exited before it listened"))),
  ]);
  return String(port).trim();
}

/** Creates a certificate for 127.0.0.1, valid for a day. Returns the paths of the key and of the certificate. */
async function certificate(folder: string): Promise<[key: string, cert: string]> {
  const until = new Date(Date.now() + 86_400_000);
  const { private: key, cert } = await generate([{ name: "commonName", value: "127.0.0.1" }], {
    notAfterDate: until,
    keyType: "ec",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
    ],
  });
  const files: [string, string] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  await writeFile(files[0], key, { mode: 0o600 });
  await writeFile(files[1], cert);
  return files;
}

/** Runs a command with `argument` as JSON, and returns the JSON that it prints. */
export async function runOne<T>(
  command: string[],
  argument: PathRun,
  environment: NodeJS.ProcessEnv,
): Promise<T> {
  const [file = "", ...args] = command;
  const { stdout } = await run(file, [...args, JSON.stringify(argument)], {
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout);
}

export function script(name: string): string[] {
  return [process.execPath, ...LOADER, join(__dirname, name)];
}

/** Shows the current measurement if standard error is a terminal. */
export function show(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
