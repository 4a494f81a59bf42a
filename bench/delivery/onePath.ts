/** Runs one path against the sink, in a separate process, and prints the client's CPU seconds per million events and events/s. */
import { dirname } from "node:path";
import { readEvents } from "./events";
import type { BenchPart } from "./parts";
import { PATHS, type PathName } from "./paths";

/** The process's only argument, as JSON. */
export interface PathRun {
  name: string;
  endpoint: string;
  /** Number of measured events. A quarter of it is sent or read before, unmeasured. */
  events: number;
  /** Requests in flight. */
  concurrency: number;
  /** Events per call, for a path that is measured as a whole. Default: a quarter of `events` per request in flight. */
  share?: number;
  eventsFile: string;
  /** Folder of the npm peers. */
  peers: string;
  /** Start of the hour that is reconciled, as epoch time in ms. */
  hour: number;
  /** Part of a run, for `verify`. */
  part?: BenchPart;
}

async function main({
  name,
  endpoint,
  events,
  concurrency,
  eventsFile,
  peers,
  hour,
  ...run
}: PathRun): Promise<void> {
  const quarter = Math.ceil(events / concurrency / 4);
  const pool = readEvents(eventsFile);
  const folder = dirname(eventsFile);
  const path = (share: number) =>
    PATHS[name as PathName]({ endpoint, peers, events: pool, share, folder, hour, part: run.part });
  await repeat(path(quarter), events / 4, concurrency); // Warms up the compiler.
  const call = path(run.share ?? quarter);
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  const sent = await repeat(call, events, concurrency);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const { maxRSS } = process.resourceUsage();
  const figures = {
    cpuPerMillion: (user + system) / sent,
    perSecond: sent / seconds,
    megabytes: maxRSS / 1024,
  };
  console.log(JSON.stringify(figures));
}

/** Calls until `events` events were sent or read, and returns their number. */
async function repeat(call: () => Promise<number>, events: number, concurrency: number): Promise<number> {
  let done = 0;
  const worker = async () => {
    while (done < events) done += await call();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return done;
}

main(JSON.parse(process.argv[2] ?? "{}")).then(
  () => process.exit(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
