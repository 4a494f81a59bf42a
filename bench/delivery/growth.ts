import { runOne, type Sink, script, show } from "./measure";
import type { PathName } from "./paths";
import { type Figures, medians } from "./promises";

export const PRODUCER: PathName = "write: ours, the whole producer";
export const VERIFY: PathName = "verify: generate, hash, send, read, match";

/** How much more an event may cost among the most than among the fewest. */
const MAX_GROWTH = 1.25;
/** How much more memory than its ledger's 27 bytes an event a verification may need among the most than among the fewest. */
const MAX_FURTHER_MEGABYTES = 100;
const LEDGER_BYTES = 27;

/** Cost of a path for a number of events. */
export interface Growth extends Figures {
  name: PathName;
  events: number;
}

/** The costs for ten times as many events each time, of the paths that are measured at all. */
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
  const asked = { endpoint, eventsFile, name, events, share: events, concurrency: 1, peers: "" };
  const runs: Figures[] = [];
  for (let run = 0; run < (events <= 100_000 ? 5 : 1); run += 1)
    runs.push(await runOne<Figures>(script("onePath.ts"), asked, sink.environment));
  return medians(runs);
}

/** The most events beside the fewest: what an event costs of the CPU, and the memory of a verification beyond its ledger. */
export function growthsIn(growth: Growth[]): { what: string; measured: number; atMost: number }[] {
  return [PRODUCER, VERIFY].flatMap((name) => {
    const ofPath = growth.filter((one) => one.name === name);
    const [fewest, most] = [ofPath[0], ofPath.at(-1)];
    if (fewest === undefined || most === undefined || fewest === most) return [];
    const between = `${most.events} events, to ${fewest.events}: ${name}`;
    const cpu = most.cpuPerMillion / fewest.cpuPerMillion;
    const ledger = ((most.events - fewest.events) * LEDGER_BYTES) / 1024 ** 2;
    const memory = most.megabytes - fewest.megabytes - ledger;
    return [
      { what: `CPU per event of ${between}`, measured: cpu, atMost: MAX_GROWTH },
      ...(name === VERIFY
        ? [{ what: `MB beside the ledger's of ${between}`, measured: memory, atMost: MAX_FURTHER_MEGABYTES }]
        : []),
    ];
  });
}
