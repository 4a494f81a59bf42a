/**
 * Measures `amplitude-kinesis fleet up` with Pulumi's engine against the sandbox: customers per minute and peak memory by
 * the number of customers, and the time of `fleet up --no-verify` next to a shell loop of `pulumi up`. `--check` fails if a
 * limit of `bench/README.md` is exceeded.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type LocalAws, startAws } from "../../sandbox/aws";
import {
  copyCheckout,
  sandboxEnvironment,
  writeStackSettings,
} from "../../test/sandbox/pulumi/provisioning/checkout";
import { startLanguageHost } from "../../test/sandbox/pulumi/provisioning/languageHost";
import { type Load, measureLoad } from "./load";

const COMMAND = join(__dirname, "..", "..", "bin", "amplitude-kinesis.js");

/** Cost of a customer among the most, relative to one among the fewest but one. */
const MAX_GROWTH = 1.25;
/** Peak memory with the most customers, relative to the fewest but one. */
const MAX_MEMORY_GROWTH = 1.2;
/** Time of the shell loop, relative to `fleet`. */
const MIN_SPEEDUP = 1.7;

interface Run extends Load {
  name: string;
  customers: number;
}

interface Options {
  sizes: number[];
  compared: number;
  /** Words of `--parallel`. */
  parallel: string[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      customers: { type: "string", default: "1,10,50" },
      compare: { type: "string", default: "10" },
      parallel: { type: "string" },
      check: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const options: Options = {
    sizes: values.customers.split(",").map(positive("customers")),
    compared: positive("compare")(values.compare),
    parallel:
      values.parallel === undefined ? [] : ["--parallel", String(positive("parallel")(values.parallel))],
  };
  const { runs, loop, fleet } = await measured(options);
  const [fewest, most] = [runs.at(-2), runs.at(-1)];
  const figures = {
    runs,
    speedup: { loop, fleet, times: loop.seconds / fleet.seconds },
    growth: fewest && most && most.seconds / most.customers / (fewest.seconds / fewest.customers),
    memoryGrowth: fewest && most && most.peakMiB / fewest.peakMiB,
  };
  if (values.json) console.log(JSON.stringify(figures, null, 2));
  else print(figures);
  const isBroken =
    (figures.growth ?? 0) > MAX_GROWTH ||
    (figures.memoryGrowth ?? 0) > MAX_MEMORY_GROWTH ||
    figures.speedup.times < MIN_SPEEDUP;
  if (values.check && isBroken) process.exitCode = 1;
}

function positive(option: string): (text: string) => number {
  return (text) => {
    if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
    throw new Error(`--${option}: ${JSON.stringify(text)} must be an integer from 1 to 9999`);
  };
}

async function measured({
  sizes,
  compared,
  parallel,
}: Options): Promise<{ runs: Run[]; loop: Run; fleet: Run }> {
  const folder = await mkdtemp(join(tmpdir(), "amplitude-kinesis-fleet-"));
  const aws = await startAws({ folder });
  const bench = new Bench(folder, aws);
  try {
    const up = [process.execPath, COMMAND, "fleet", "up", "--yes", ...parallel];
    // The first run fills the caches of compiled code.
    await bench.run("warm-up", 1, up);
    const runs: Run[] = [];
    for (const size of sizes) runs.push(await bench.run(`fleet up, ${size}`, size, up));
    const loop = await bench.run("loop of pulumi up", compared, ["bash", "-eu", join(__dirname, "loop.sh")]);
    const fleet = await bench.run("fleet up --no-verify", compared, [...up, "--no-verify"]);
    return { runs, loop, fleet };
  } finally {
    await aws.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

class Bench {
  #number = 0;

  constructor(
    private readonly folder: string,
    private readonly aws: LocalAws,
  ) {}

  /** Runs a command in a new checkout with this number of stacks that don't exist yet. */
  async run(name: string, customers: number, [command = "", ...args]: string[]): Promise<Run> {
    this.#number += 1;
    const checkout = join(this.folder, `run-${this.#number}`);
    await copyCheckout(checkout);
    for (let index = 0; index < customers; index += 1) {
      // A stack's resources are named by it, and the sandbox keeps those of earlier runs.
      await writeStackSettings(checkout, `r${this.#number}c${String(index).padStart(4, "0")}`, this.aws);
    }
    const host = await startLanguageHost();
    const log = join(this.folder, `run-${this.#number}.log`);
    try {
      const env = await sandboxEnvironment(join(checkout, ".state"), this.aws, host);
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${name}: ${customers} customers`);
      const load = await measureLoad(async () => {
        const child = spawn(command, args, { cwd: checkout, env, stdio: ["ignore", "pipe", "pipe"] });
        const output = createWriteStream(log);
        child.stdout.pipe(output, { end: false });
        child.stderr.pipe(output, { end: false });
        const [status] = await once(child, "close");
        output.end();
        if (status !== 0)
          throw new Error(`${name} ended with status ${status}\n${await readFile(log, "utf8")}`);
      });
      return { name, customers, ...load };
    } finally {
      if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
      host.stop();
      await rm(checkout, { recursive: true, force: true });
    }
  }
}

function print({
  runs,
  speedup,
  growth,
  memoryGrowth,
}: {
  runs: Run[];
  speedup: { loop: Run; fleet: Run; times: number };
  growth: number | undefined;
  memoryGrowth: number | undefined;
}): void {
  const line = ({ name, customers, seconds, peakMiB, cpuSeconds }: Run) =>
    [
      name.padEnd(22),
      `${((60 * customers) / seconds).toFixed(1)} customers/min`.padStart(20),
      `${seconds.toFixed(0)} s`.padStart(8),
      `${(cpuSeconds / customers).toFixed(1)} CPU s per customer`.padStart(26),
      `peak ${peakMiB.toFixed(0)} MiB`.padStart(16),
    ].join("");
  console.log([...runs, speedup.loop, speedup.fleet].map(line).join("\n"));
  console.log(`\nfleet is ${speedup.times.toFixed(2)} times as fast as the loop (at least ${MIN_SPEEDUP})`);
  if (growth !== undefined && memoryGrowth !== undefined) {
    console.log(`a customer costs ${growth.toFixed(2)} times as much among the most (at most ${MAX_GROWTH})`);
    console.log(`the peak memory is ${memoryGrowth.toFixed(2)} times as high (at most ${MAX_MEMORY_GROWTH})`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
