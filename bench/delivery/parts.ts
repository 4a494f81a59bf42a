import { randomUUID } from "node:crypto";
import type { Part } from "../../delivery/common/part";
import { median } from "../median";
import { VERIFY } from "./growth";
import type { Figures } from "./limits";
import { runOne, type Sink, script, show } from "./measure";

/** Events per second of `verify` in parts: of one part alone, and of two parts in two processes, together. */
export interface PartsRun {
  one: number;
  two: number;
}

/** Part of a run, over a stream that its parts share. */
export interface BenchPart extends Part {
  stream: string;
}

/** Measures one and two parts in turn, and returns the medians. */
export async function partsOf(
  sink: Sink,
  { events, rounds }: { events: number; rounds: number },
): Promise<PartsRun> {
  const { endpoint, generatedFile: eventsFile, hour } = sink;
  const perSecond = async (index: number, stream: string) => {
    const part = { index, count: 2, stream };
    const run = {
      name: VERIFY,
      endpoint,
      eventsFile,
      hour,
      events,
      share: events,
      concurrency: 1,
      peers: "",
      part,
    };
    return (await runOne<Figures>(script("onePath.ts"), run, sink.environment)).perSecond;
  };
  const runs: PartsRun[] = [];
  for (let round = 0; round < rounds; round += 1) {
    show(`round ${round + 1} of ${rounds}: verify in parts`);
    const one = await perSecond(0, randomUUID());
    const stream = randomUUID();
    const [first, second] = await Promise.all([perSecond(0, stream), perSecond(1, stream)]);
    runs.push({ one, two: first + second });
  }
  show("");
  return { one: median(runs.map(({ one }) => one)), two: median(runs.map(({ two }) => two)) };
}
