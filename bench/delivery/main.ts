/**
 * What the delivery module costs, beside the SDK as it comes and the limits of the machine: CPU seconds of the client per
 * million events, in turns, medians. `--check` fails where a promise of `bench/README.md` is broken.
 */
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { median } from "../median";
import { PATHS, type PathName } from "./paths";

interface Promised {
  of: PathName;
  to: PathName;
  atMost: number;
}

/** Ratios of CPU seconds, round by round, medians. */
const PROMISES: Promised[] = [
  { of: "write: ours, from bytes", to: "write: the SDK, from bytes", atMost: 0.9 },
  { of: "write: ours, from bytes", to: "write: limit B, from bytes by hand", atMost: 2.8 },
  { of: "write: ours, from objects", to: "write: the SDK, from objects", atMost: 0.95 },
  { of: "read: ours", to: "read: the SDK", atMost: 0.65 },
];

interface Figures {
  cpuPerMillion: number;
  perSecond: number;
}

const run = promisify(execFile);
const names = Object.keys(PATHS) as PathName[];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "7" },
      events: { type: "string", default: "200000" },
      concurrency: { type: "string", default: "1" },
      check: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const figures = await measured({
    rounds: wholeFrom1("rounds", values.rounds),
    events: wholeFrom1("events", values.events),
    concurrency: wholeFrom1("concurrency", values.concurrency),
  });
  const kept = PROMISES.map((promise) => ({ ...promise, ratio: ratioOf(figures, promise) }));
  const paths = names.map((name) => ({
    name,
    cpuPerMillion: median(figures[name].map(({ cpuPerMillion }) => cpuPerMillion)),
    perSecond: median(figures[name].map(({ perSecond }) => perSecond)),
  }));
  if (values.json) console.log(JSON.stringify({ node: process.version, paths, promises: kept }, null, 2));
  else print(paths, kept);
  if (values.check && kept.some(({ ratio, atMost }) => ratio > atMost)) process.exitCode = 1;
}

function wholeFrom1(option: string, value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new Error(`--${option} ${JSON.stringify(value)} must be a whole number from 1`);
}

async function measured({
  rounds,
  ...load
}: Load & { rounds: number }): Promise<Record<PathName, Figures[]>> {
  const sink = fork(join(__dirname, "sink.ts"), {
    execArgv: LOADER,
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  try {
    const [port] = await once(sink.stdout ?? sink, "data");
    const endpoint = `http://127.0.0.1:${String(port).trim()}`;
    const figures = Object.fromEntries(names.map((name): [string, Figures[]] => [name, []])) as Record<
      PathName,
      Figures[]
    >;
    for (let round = 0; round < rounds; round += 1) {
      for (const name of round % 2 === 0 ? names : [...names].reverse()) {
        if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Kround ${round + 1} of ${rounds}: ${name}`);
        figures[name].push(await figuresOf(name, endpoint, load));
      }
    }
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    return figures;
  } finally {
    sink.disconnect();
  }
}

const LOADER = ["--require", "tsx/cjs"];

/** Of one path in one round. */
interface Load {
  events: number;
  /** Requests under way at once. */
  concurrency: number;
}

async function figuresOf(name: PathName, endpoint: string, { events, concurrency }: Load): Promise<Figures> {
  const script = join(__dirname, "onePath.ts");
  const { stdout } = await run(process.execPath, [
    ...LOADER,
    script,
    name,
    endpoint,
    String(events),
    String(concurrency),
  ]);
  return JSON.parse(stdout);
}

function ratioOf(figures: Record<PathName, Figures[]>, { of, to }: Promised): number {
  return median(
    figures[of].map(
      ({ cpuPerMillion }, round) => cpuPerMillion / (figures[to][round]?.cpuPerMillion ?? Number.NaN),
    ),
  );
}

function print(paths: (Figures & { name: string })[], kept: (Promised & { ratio: number })[]): void {
  const width = Math.max(...names.map(({ length }) => length));
  console.log(`${"".padEnd(width)}  CPU s / million  events/s`);
  for (const { name, cpuPerMillion, perSecond } of paths) {
    const figure = cpuPerMillion.toFixed(1).padStart(15);
    console.log(
      `${name.padEnd(width)}  ${figure}  ${Math.round(perSecond).toLocaleString("en").padStart(8)}`,
    );
  }
  console.log("\nratios of CPU");
  for (const { of, to, ratio, atMost } of kept) {
    const verdict = ratio <= atMost ? "kept" : "BROKEN";
    console.log(`${of} / ${to}: ${ratio.toFixed(2)} (promised: at most ${atMost}, ${verdict})`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
