import { type Figures, medians } from "./limits";
import { runOne, type Sink, script, show } from "./measure";
import type { PathName } from "./paths";

export const PRODUCER: PathName = "write: ours, the whole producer";
export const VERIFY: PathName = "verify: generate, hash, send, read, match";

/** Limit for the CPU per event with the most events, relative to the fewest. */
const MAX_GROWTH = 1.25;
/** Memory that a verification of the most events may need beyond that of the fewest and the ledger's 27 bytes per event. */
const MAX_EXTRA_MEGABYTES = 100;
const LEDGER_BYTES = 27;

/** Cost of a path for a number of events. */
export interface Growth extends Figures {
  name: PathName;
  events: number;
}

/** Measures the producer and `verify`, if they are among `names`, with ten times as many events each time, up to `most`. */
export async function growthOf(sink: Sink, names: string[], most: number): Promise<Growth[]> {
  const growth: Growth[] = [];
  for (const [name, fewest] of [
    [PRODUCER, 10_000],
    [VERIFY, 100_000],
  ] as const) {
    if (!names.includes(name)) continue;
    for (let events = fewest; events <= most; events *= 10) {
      show(`${events} events: ${name}`);
      growth.push({ name, events, ...(await costsOf(sink, name, events)) });
    }
  }
  show("");
  return growth;
}

async function costsOf(sink: Sink, name: PathName, events: number): Promise<Figures> {
  const { endpoint, eventsFile } = sink;
  const run = { endpoint, eventsFile, name, events, share: events, concurrency: 1, peers: "" };
  const figures: Figures[] = [];
  for (let repeat = 0; repeat < (events <= 100_000 ? 5 : 1); repeat += 1)
    figures.push(await runOne<Figures>(script("onePath.ts"), run, sink.environment));
  return medians(figures);
}

/** Compares the most events with the fewest: CPU per event, and a verification's memory besides its ledger. */
export function growthsIn(growth: Growth[]): { title: string; measured: number; limit: number }[] {
  return [PRODUCER, VERIFY].flatMap((name) => {
    const ofPath = growth.filter((one) => one.name === name);
    const [fewest, most] = [ofPath[0], ofPath.at(-1)];
    if (fewest === undefined || most === undefined || fewest === most) return [];
    const between = `${most.events} events, to ${fewest.events}: ${name}`;
    const cpu = most.cpuPerMillion / fewest.cpuPerMillion;
    const ledger = ((most.events - fewest.events) * LEDGER_BYTES) / 1024 ** 2;
    const memory = most.megabytes - fewest.megabytes - ledger;
    return [
      { title: `CPU per event of ${between}`, measured: cpu, limit: MAX_GROWTH },
      ...(name === VERIFY
        ? [{ title: `MB besides the ledger, ${between}`, measured: memory, limit: MAX_EXTRA_MEGABYTES }]
        : []),
    ];
  });
}
