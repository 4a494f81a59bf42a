import { type Figures, medians } from "./limits";
import { runOne, type Sink, script, show } from "./measure";
import type { PathName } from "./paths";

export const PRODUCER: PathName = "write: ours, the whole producer";
export const VERIFY: PathName = "verify: generate, hash, send, read, match";

/** Limit for the CPU per event with the most events, relative to the fewest. */
const MAX_GROWTH = 1.25;
const RECONCILE: PathName = "reconcile: an export and a stream of the same bytes";

/** Memory that a path of the most events may need beyond that of the fewest and what it keeps per event. */
const MAX_EXTRA_MEGABYTES = 100;

/** Paths whose growth is measured: the fewest events, and what a path keeps per event in bytes. */
const GROWING: { name: PathName; fewest: number; bytes?: number }[] = [
  { name: PRODUCER, fewest: 10_000 },
  { name: VERIFY, fewest: 100_000, bytes: 27 },
  { name: RECONCILE, fewest: 100_000, bytes: 32 },
];

/** Cost of a path for a number of events. */
export interface Growth extends Figures {
  name: PathName;
  events: number;
}

/** Measures the growing paths that are among `names`, with ten times as many events each time, up to `most`. */
export async function growthOf(sink: Sink, names: string[], most: number): Promise<Growth[]> {
  const growth: Growth[] = [];
  for (const { name, fewest } of GROWING) {
    if (!names.includes(name)) continue;
    for (let events = fewest; events <= most; events *= 10) {
      if (name === RECONCILE) await sink.prepareExports(events);
      show(`${events} events: ${name}`);
      growth.push({ name, events, ...(await costsOf(sink, name, events)) });
    }
  }
  show("");
  return growth;
}

async function costsOf(sink: Sink, name: PathName, events: number): Promise<Figures> {
  const { endpoint, eventsFile, hour } = sink;
  const run = { endpoint, eventsFile, hour, name, events, share: events, concurrency: 1, peers: "" };
  const figures: Figures[] = [];
  for (let repeat = 0; repeat < (events <= 100_000 ? 5 : 1); repeat += 1)
    figures.push(await runOne<Figures>(script("onePath.ts"), run, sink.environment));
  return medians(figures);
}

/** Compares the most events with the fewest: CPU per event, and the memory besides what the path keeps per event. */
export function growthsIn(growth: Growth[]): { title: string; measured: number; limit: number }[] {
  return GROWING.flatMap(({ name, bytes }) => {
    const ofPath = growth.filter((one) => one.name === name);
    const [fewest, most] = [ofPath[0], ofPath.at(-1)];
    if (fewest === undefined || most === undefined || fewest === most) return [];
    const between = `${most.events} events, to ${fewest.events}: ${name}`;
    const cpu = most.cpuPerMillion / fewest.cpuPerMillion;
    const kept = ((most.events - fewest.events) * (bytes ?? 0)) / 1024 ** 2;
    const memory = most.megabytes - fewest.megabytes - kept;
    return [
      { title: `CPU per event of ${between}`, measured: cpu, limit: MAX_GROWTH },
      ...(bytes === undefined
        ? []
        : [
            {
              title: `MB besides ${bytes} bytes per event, ${between}`,
              measured: memory,
              limit: MAX_EXTRA_MEGABYTES,
            },
          ]),
    ];
  });
}
