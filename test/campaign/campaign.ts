import { inMemory, run, type Surrounding } from "./oneRun";
import { differences } from "./oracle/differences";
import { expectationOf } from "./oracle/expectation";
import { scenarioOf } from "./scenario";

/** Outcome of a seed's run. */
export interface Outcome {
  seed: number;
  /** Command that repeats the seed. */
  replay: string;
  verdict: string;
  /** False statements of the report. Empty if the report is true. */
  differences: string[];
}

export interface CampaignOptions {
  /** The first seed. */
  from: number;
  /** Number of consecutive seeds. */
  seeds: number;
  /** Whether to start no further seed. Default: never. */
  isOver?: () => boolean;
  onOutcome?: (outcome: Outcome) => void;
  /** Runs a seed. Default: a verification against streams in this process. */
  run?: (seed: number) => Promise<Outcome>;
}

/** @returns The outcomes in the order of the seeds. */
export async function campaign({
  from,
  seeds,
  isOver = () => false,
  onOutcome,
  run = outcomeOf,
}: CampaignOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let seed = from; seed < from + seeds && !isOver(); seed += 1) {
    const outcome = await run(seed);
    outcomes.push(outcome);
    onOutcome?.(outcome);
  }
  return outcomes;
}

/** Verifies the delivery of a seed's events. */
export function outcomeOf(seed: number, surrounding: Surrounding = inMemory): Promise<Outcome> {
  return judged(seed, `npm run campaign -- --seed ${seed}`, async () => {
    const ran = await run(scenarioOf(String(seed)), surrounding);
    return { verdict: ran.report.verdict, differences: differences(ran.report, expectationOf(ran)) };
  });
}

/** Returns the outcome of a run. One that throws counts as false. */
export async function judged(
  seed: number,
  replay: string,
  run: () => Promise<Pick<Outcome, "verdict" | "differences">>,
): Promise<Outcome> {
  try {
    return { seed, replay, ...(await run()) };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seed, replay, verdict: "none", differences: [`the run ended with an error: ${text}`] };
  }
}

/** Describes an outcome for the person who fixes the fault. */
export function described({ seed, replay, differences: all }: Outcome): string {
  return [`seed ${seed} is not as its log has it (${replay}):`, ...all.map((each) => `  - ${each}`)].join(
    "\n",
  );
}
