/**
 * Compares the cost of the delivery module with the unmodified SDK, its peers and the limits of the machine: CPU seconds of
 * the client per million events. The paths take turns, and medians are printed. `--check` fails if a limit of `bench/README.md` is exceeded.
 */
import { parseArgs } from "node:util";
import { median } from "../median";
import { type Growth, growthOf, growthsIn, PRODUCER, VERIFY } from "./growth";
import { type AddedLatency, type LatencyRun, LINGER_MS } from "./latencyTypes";
import { type Figures, LIMITS, medians, type RatioLimit, type Rounds, ratioOf } from "./limits";
import { runOne, type Sink, script, show, startSink } from "./measure";
import type { PathRun } from "./onePath";
import { type PartsRun, partsOf } from "./parts";
import { isOfReconcile, PATHS, type PathName, usesGeneratedEvents } from "./paths";
import { installPeers, type Peers } from "./peers/install";

/** Latency that the producer may add to its linger time at the 99th percentile, in ms. */
const MAX_ADDED_MS = 2;
/** Events per second of two parts on two cores, at least, in multiples of those of one. */
const MIN_SPEEDUP = 1.7;
/** Share of the highest rate at which latency is measured, so that the rest of the machine keeps up. */
const STEADY_SHARE = 0.1;

const OPTIONS = {
  rounds: { type: "string", default: "5" },
  events: { type: "string", default: "500000" },
  concurrency: { type: "string", default: "1" },
  latency: { type: "string", default: "0" },
  most: { type: "string", default: "1000000" },
  tls: { type: "boolean", default: false },
  peers: { type: "boolean", default: false },
  check: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  only: { type: "string", multiple: true, default: [] as string[] },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  const load = {
    events: parseInteger("events", values.events, 10_000),
    concurrency: parseInteger("concurrency", values.concurrency, 1),
    rounds: parseInteger("rounds", values.rounds, 1),
    most: parseInteger("most", values.most, 10_000),
  };
  const peers = values.peers ? await installPeers() : { commands: {}, missing: ["the peers (give --peers)"] };
  const sink = await startSink({ tls: values.tls, latencyMs: parseInteger("latency", values.latency, 0) });
  try {
    const figures = await measureAll(sink, select(commandsOf(peers), values.only), load);
    const latency = await measureLatency(sink, figures);
    const growth = await growthOf(sink, Object.keys(figures), load.most);
    const parts = isSelected("parts", values.only) ? await partsOf(sink, load) : undefined;
    const result = compare(figures, { latency, growth, parts });
    if (values.json) console.log(JSON.stringify({ node: process.version, ...result }, null, 2));
    else print(result, peers);
    if (values.check && result.limits.some(({ isExceeded }) => isExceeded)) process.exitCode = 1;
  } finally {
    await sink.stop();
  }
}

function parseInteger(option: string, value: string, min: number): number {
  if (/^\d{1,9}$/.test(value) && Number(value) >= min) return Number(value);
  throw new Error(`--${option} ${JSON.stringify(value)} must be an integer from ${min}`);
}

interface Load {
  events: number;
  /** Requests in flight. */
  concurrency: number;
  rounds: number;
  /** Events of the paths that are measured as a whole with the largest number. */
  most: number;
}

async function measureAll(
  sink: Sink,
  { npm, commands }: Pick<Peers, "npm" | "commands">,
  { rounds, most, ...load }: Load,
): Promise<Rounds> {
  const names = Object.keys(commands);
  if (names.some(isOfReconcile)) await sink.prepareExports(most);
  const figures: Rounds = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      show(`round ${round + 1} of ${rounds}: ${name}`);
      const run = { ...loadOf(name, load, most), ...inputOf(sink, name), name, peers: npm ?? "" };
      figures[name]?.push(await runOne<Figures>(commands[name] ?? [], run, sink.environment));
    }
  }
  show("");
  return figures;
}

function loadOf(name: string, load: Pick<Load, "events" | "concurrency">, most: number) {
  if (isOfReconcile(name)) return { events: most, share: most, concurrency: 1 };
  return name === VERIFY ? { ...load, share: load.events } : load;
}

/** Returns the commands of our own paths and of the installed peers. */
function commandsOf({ npm, commands }: Peers): Pick<Peers, "npm" | "commands"> {
  const isInstalled = (name: string) => npm !== undefined || !/kinesis-/.test(name);
  const own = Object.keys(PATHS).filter(isInstalled);
  const ownCommands = Object.fromEntries(own.map((name) => [name, script("onePath.ts")]));
  return { npm, commands: { ...ownCommands, ...commands } };
}

/** Returns the paths whose name contains one of the texts, or all if there are no texts. */
function select({ npm, commands }: Pick<Peers, "npm" | "commands">, only: string[]) {
  const selected = Object.entries(commands).filter(([name]) => isSelected(name, only));
  if (selected.length === 0 && !isSelected("parts", only))
    throw new Error(`--only ${only.join(", ")}: no path has such a name`);
  return { npm, commands: Object.fromEntries(selected) };
}

function isSelected(name: string, only: string[]): boolean {
  return only.length === 0 || only.some((text) => name.includes(text));
}

function inputOf(sink: Sink, name: string): Pick<PathRun, "endpoint" | "eventsFile" | "hour"> {
  const { endpoint, eventsFile, generatedFile, hour } = sink;
  return { endpoint, hour, eventsFile: usesGeneratedEvents(name) ? generatedFile : eventsFile };
}

/** Measures for ten seconds at a tenth of limit A's rate. Returns undefined if limit A or the producer was not measured. */
async function measureLatency(sink: Sink, figures: Rounds): Promise<AddedLatency | undefined> {
  if (figures[LIMIT_A] === undefined || figures[PRODUCER] === undefined) return undefined;
  show("latency at a steady rate");
  const highest = median((figures[LIMIT_A] ?? []).map(({ perSecond }) => perSecond));
  const rate = Math.round(highest * STEADY_SHARE);
  const run: LatencyRun = {
    ...inputOf(sink, ""),
    name: "",
    events: rate * 10,
    concurrency: 1,
    peers: "",
    rate,
  };
  const added = await runOne<AddedLatency>(script("latency.ts"), run, sink.environment);
  show("");
  return added;
}

const LIMIT_A: PathName = "write: limit A, bodies encoded and signed beforehand";

interface Comparison {
  title: string;
  measured: number;
  limit: number;
  isExceeded: boolean;
}

interface Result {
  paths: (Figures & { name: string })[];
  latency: AddedLatency | undefined;
  growth: Growth[];
  parts: PartsRun | undefined;
  limits: Comparison[];
}

function compare(
  figures: Rounds,
  { latency, growth, parts }: Pick<Result, "latency" | "growth" | "parts">,
): Result {
  const comparison = (title: string, measured: number, limit: number) => ({
    title,
    measured,
    limit,
    isExceeded: measured > limit,
  });
  const isMeasured = ({ of, to }: RatioLimit) => [of, ...to].every((name) => figures[name] !== undefined);
  const ratio = (limit: RatioLimit) =>
    comparison(`${limit.of} / ${limit.to.join(" + ")}`, ratioOf(figures, limit), limit.limit);
  const added = (all: AddedLatency) =>
    comparison(`ms that the producer adds at p99, ${all.rate} events/s`, all.p99, LINGER_MS + MAX_ADDED_MS);
  return {
    paths: Object.entries(figures).map(([name, rounds]) => ({ name, ...medians(rounds) })),
    latency,
    growth,
    parts,
    limits: [
      ...(parts === undefined
        ? []
        : [
            comparison(
              "events/s of one part / of two parts together",
              parts.one / parts.two,
              1 / MIN_SPEEDUP,
            ),
          ]),
      ...LIMITS.filter(isMeasured).map(ratio),
      ...(latency === undefined ? [] : [added(latency)]),
      ...growthsIn(growth).map(({ title, measured, limit }) => comparison(title, measured, limit)),
    ],
  };
}

function print({ paths, latency, growth, parts, limits }: Result, { missing }: Peers): void {
  for (const reason of missing) console.log(`NOT MEASURED: ${reason}`);
  const width = Math.max(...paths.map(({ name }) => name.length));
  const row = (name: string, { cpuPerMillion, perSecond, megabytes }: Figures) =>
    [
      name.padEnd(width),
      cpuPerMillion.toFixed(1).padStart(15),
      Math.round(perSecond).toLocaleString("en").padStart(9),
      String(Math.round(megabytes)).padStart(5),
    ].join("  ");
  console.log(`${"".padEnd(width)}  CPU s / million   events/s     MB`);
  for (const { name, ...figures } of paths) console.log(row(name, figures));
  for (const { name, events, ...figures } of growth)
    console.log(row(`${events.toLocaleString("en")} events: ${name.split(":")[0]}`, figures));
  if (latency !== undefined)
    console.log(`added by the producer, ms: p50 ${latency.p50}, p99 ${latency.p99}, max ${latency.max}`);
  if (parts !== undefined)
    console.log(
      `verify in parts, events/s: one ${Math.round(parts.one)}, two ${Math.round(parts.two)}, ${(parts.two / parts.one).toFixed(2)} times`,
    );
  console.log();
  for (const { title, measured, limit, isExceeded } of limits) {
    console.log(`${isExceeded ? "EXCEEDED" : "within  "} ${measured.toFixed(2)} (limit ${limit}): ${title}`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
