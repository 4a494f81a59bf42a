/**
 * Compares the cost of the delivery module with the unmodified SDK, its peers and the limits of the machine: CPU seconds of
 * the client per million events. The paths take turns, and medians are printed. `--check` fails if a promise of `bench/README.md` is broken.
 */
import { parseArgs } from "node:util";
import { median } from "../median";
import { type Growth, growthOf, growthsIn, PRODUCER, VERIFY } from "./growth";
import { type AddedLatency, type LatencyRun, LINGER_MS } from "./latencyRun";
import { runOne, type Sink, script, show, startSink } from "./measure";
import type { PathRun } from "./onePath";
import { isOfGenerated, PATHS, type PathName } from "./paths";
import { installPeers, type Peers } from "./peers/install";
import { type Figures, medians, PROMISES, type Promised, type Rounds, ratioOf } from "./promises";

/** More than the linger time that the producer may add at the 99th percentile, in ms. */
const MAX_ADDED_MS = 2;
/** Share of the highest rate that is sent steadily, so that the rest of the machine keeps up. */
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
    events: wholeFrom("events", values.events, 10_000),
    concurrency: wholeFrom("concurrency", values.concurrency, 1),
  };
  const rounds = wholeFrom("rounds", values.rounds, 1);
  const most = wholeFrom("most", values.most, 10_000);
  const peers = values.peers ? await installPeers() : { commands: {}, missing: ["asked for none (--peers)"] };
  const sink = await startSink({ tls: values.tls, latencyMs: wholeFrom("latency", values.latency, 0) });
  try {
    const figures = await measured(sink, chosen(commandsOf(peers), values.only), { ...load, rounds });
    const latency = await addedLatency(sink, figures);
    const growth = await growthOf(sink, Object.keys(figures), most);
    const result = judged(figures, latency, growth);
    if (values.json) console.log(JSON.stringify({ node: process.version, ...result }, null, 2));
    else print(result, peers);
    if (values.check && result.promises.some(({ kept }) => !kept)) process.exitCode = 1;
  } finally {
    await sink.stop();
  }
}

function wholeFrom(option: string, value: string, least: number): number {
  if (/^\d{1,9}$/.test(value) && Number(value) >= least) return Number(value);
  throw new Error(`--${option} ${JSON.stringify(value)} must be a whole number from ${least}`);
}

interface Load {
  events: number;
  /** Requests under way at once. */
  concurrency: number;
  rounds: number;
}

async function measured(
  sink: Sink,
  { npm, commands }: Pick<Peers, "npm" | "commands">,
  { rounds, ...load }: Load,
): Promise<Rounds> {
  const names = Object.keys(commands);
  const figures: Rounds = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      show(`round ${round + 1} of ${rounds}: ${name}`);
      const share = name === VERIFY ? { share: load.events } : {};
      const asked = { ...load, ...share, ...of(sink, name), name, peers: npm ?? "" };
      figures[name]?.push(await runOne<Figures>(commands[name] ?? [], asked, sink.environment));
    }
  }
  show("");
  return figures;
}

/** Every path of this package, and those of the peers that there are. */
function commandsOf({ npm, commands }: Peers): Pick<Peers, "npm" | "commands"> {
  const isThere = (name: string) => npm !== undefined || !/kinesis-/.test(name);
  const own = Object.keys(PATHS).filter(isThere);
  const ownCommands = Object.fromEntries(own.map((name) => [name, script("onePath.ts")]));
  return { npm, commands: { ...ownCommands, ...commands } };
}

/** Those whose name contains one of the texts; all where there are none. */
function chosen({ npm, commands }: Pick<Peers, "npm" | "commands">, only: string[]) {
  const isChosen = ([name]: [string, unknown]) =>
    only.length === 0 || only.some((text) => name.includes(text));
  const those = Object.entries(commands).filter(isChosen);
  if (those.length === 0) throw new Error(`--only ${only.join(", ")}: no path is called so`);
  return { npm, commands: Object.fromEntries(those) };
}

function of(sink: Sink, name: string): Pick<PathRun, "endpoint" | "eventsFile"> {
  const { endpoint, eventsFile, generatedFile } = sink;
  return { endpoint, eventsFile: isOfGenerated(name) ? generatedFile : eventsFile };
}

/** At a tenth of what limit A carries, for ten seconds; undefined where that, or the producer, is left out. */
async function addedLatency(sink: Sink, figures: Rounds): Promise<AddedLatency | undefined> {
  if (figures[LIMIT_A] === undefined || figures[PRODUCER] === undefined) return undefined;
  show("latency at a steady rate");
  const limit = median((figures[LIMIT_A] ?? []).map(({ perSecond }) => perSecond));
  const rate = Math.round(limit * STEADY_SHARE);
  const asked: LatencyRun = { ...of(sink, ""), name: "", events: rate * 10, concurrency: 1, peers: "", rate };
  const added = await runOne<AddedLatency>(script("latency.ts"), asked, sink.environment);
  show("");
  return added;
}

const LIMIT_A: PathName = "write: limit A, bodies built and signed beforehand";

interface Kept {
  what: string;
  measured: number;
  atMost: number;
  kept: boolean;
}

interface Result {
  paths: (Figures & { name: string })[];
  latency: AddedLatency | undefined;
  growth: Growth[];
  promises: Kept[];
}

function judged(figures: Rounds, latency: AddedLatency | undefined, growth: Growth[]): Result {
  const kept = (what: string, measured: number, atMost: number) => ({
    what,
    measured,
    atMost,
    kept: measured <= atMost,
  });
  const isMeasured = ({ of, to }: Promised) => [of, ...to].every((name) => figures[name] !== undefined);
  const ratio = (promised: Promised) =>
    kept(`${promised.of} / ${promised.to.join(" + ")}`, ratioOf(figures, promised), promised.atMost);
  const added = (all: AddedLatency) =>
    kept(`ms that the producer adds at p99, ${all.rate} events/s`, all.p99, LINGER_MS + MAX_ADDED_MS);
  return {
    paths: Object.entries(figures).map(([name, rounds]) => ({ name, ...medians(rounds) })),
    latency,
    growth,
    promises: [
      ...PROMISES.filter(isMeasured).map(ratio),
      ...(latency === undefined ? [] : [added(latency)]),
      ...growthsIn(growth).map(({ what, measured, atMost }) => kept(what, measured, atMost)),
    ],
  };
}

function print({ paths, latency, growth, promises }: Result, { missing }: Peers): void {
  for (const why of missing) console.log(`NOT MEASURED: ${why}`);
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
    console.log(`added by the producer, ms: p50 ${latency.p50}, p99 ${latency.p99}, most ${latency.max}`);
  console.log();
  for (const { what, measured, atMost, kept } of promises) {
    console.log(`${kept ? "kept  " : "BROKEN"} ${measured.toFixed(2)} (at most ${atMost}): ${what}`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
