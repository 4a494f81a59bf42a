/** Runs one path against the sink, in a separate process, and prints the client's CPU seconds per million events and events/s. */
import { readEvents } from "./events";
import { PATHS, type PathName } from "./paths";

/** The process's only argument, as JSON. */
export interface PathRun {
  name: string;
  endpoint: string;
  /** How many are to be carried, after a fourth of them that aren't measured. */
  events: number;
  /** Requests under way at once. */
  concurrency: number;
  /** Events of one call, for a path that is measured as a whole. Default: a fourth of a request's share. */
  share?: number;
  eventsFile: string;
  /** Folder of the peers of npm. */
  peers: string;
}

async function main({
  name,
  endpoint,
  events,
  concurrency,
  eventsFile,
  peers,
  ...run
}: PathRun): Promise<void> {
  const quarter = Math.ceil(events / concurrency / 4);
  const pool = readEvents(eventsFile);
  const path = (share: number) => PATHS[name as PathName]({ endpoint, peers, events: pool, share });
  await repeated(path(quarter), events / 4, concurrency); // The compiler's share.
  const call = path(run.share ?? quarter);
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  const sent = await repeated(call, events, concurrency);
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

/** Until so many events have been carried, with so many requests under way at once. */
async function repeated(call: () => Promise<number>, events: number, atOnce: number): Promise<number> {
  let carried = 0;
  const worker = async () => {
    while (carried < events) carried += await call();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return carried;
}

main(JSON.parse(process.argv[2] ?? "{}")).then(
  () => process.exit(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
