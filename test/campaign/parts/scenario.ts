import { draw, drawWhole } from "../faults/draw";
import { NO_FAULTS } from "../faults/plan";
import { type Scenario, scenarioOf } from "../scenario";

/** Number of parts of every run. */
export const PARTS = 4;

/** A change in the files that are merged. */
export type Mishap = "a part is missing" | "a part is there twice" | "a part is of another run";

/** One run in parts, over one stream that is split and merged meanwhile. */
export interface PartsScenario {
  seed: number;
  /** Open shards at the start, at least one per part. */
  shards: number;
  /** What each part sends, and its faults. */
  parts: { scenario: Scenario; startsAfterMs: number }[];
  /** What happens to the reports, and to which part's. */
  mishap: { kind: Mishap; part: number } | undefined;
}

const MISHAPS: Mishap[] = ["a part is missing", "a part is there twice", "a part is of another run"];
const MAX_DELAY_MS = 4_000;

export function partsScenario(seed: number): PartsScenario {
  const named = `parts ${seed}`;
  const parts = Array.from({ length: PARTS }, (_, index) => ({
    scenario: scenarioOfPart(named, index),
    startsAfterMs: drawWhole(0, MAX_DELAY_MS, named, "starts", index),
  }));
  const merges = parts.flatMap(({ scenario }) =>
    scenario.plan.reshards.filter(({ kind }) => kind === "merge"),
  );
  return {
    seed,
    // A part that starts late finds a shard for each part too.
    shards: PARTS + Math.max(merges.length, drawWhole(0, PARTS, named, "shards")),
    parts,
    mishap:
      draw(named, "mishap") < 0.25
        ? {
            kind: MISHAPS[drawWhole(0, MISHAPS.length - 1, named, "mishap", "kind")] ?? "a part is missing",
            part: drawWhole(0, PARTS - 1, named, "mishap", "part"),
          }
        : undefined,
  };
}

/** Draws a part as a whole run, on a stream that does not lie about its shards. Most parts have no other faults. */
function scenarioOfPart(named: string, index: number): Scenario {
  const seed = `${named} part ${index}`;
  const { plan, ...scenario } = scenarioOf(seed);
  const reshards = Array.from({ length: drawWhole(0, 2, seed, "reshards of parts") }, (_, at) => ({
    afterRecords: drawWhole(0, scenario.events - 1, seed, "reshard", at),
    kind: draw(seed, "reshard", at, "kind") < 0.5 ? ("split" as const) : ("merge" as const),
  }));
  const isFaulty = draw(seed, "faulty") < 0.3;
  const { foreignWrites, skewMs, arrivalJitterMs } = plan;
  const faults = isFaulty ? plan : { ...NO_FAULTS, seed, foreignWrites, skewMs, arrivalJitterMs };
  const hidden = NO_FAULTS.hidden;
  return { ...scenario, plan: { ...faults, reshards, hidden, sharesNumbers: false } };
}
