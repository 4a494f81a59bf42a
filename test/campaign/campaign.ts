import { inMemory, run, type Surrounding } from "./oneRun";
import { differences } from "./oracle/differences";
import { expectationOf } from "./oracle/expectation";
import { scenarioOf } from "./scenario";

/** Outcome of a seed's run. */
export interface Outcome {
  seed: number;
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
  /** AWS of the runs. Default: streams in this process. */
  surrounding?: Surrounding;
}

/** @returns The outcomes in the order of the seeds. */
export async function campaign({
  from,
  seeds,
  isOver = () => false,
  onOutcome,
  surrounding = inMemory,
}: CampaignOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let seed = from; seed < from + seeds && !isOver(); seed += 1) {
    const outcome = await outcomeOf(seed, surrounding);
    outcomes.push(outcome);
    onOutcome?.(outcome);
  }
  return outcomes;
}

/** A run that throws counts as false. */
export async function outcomeOf(seed: number, surrounding: Surrounding = inMemory): Promise<Outcome> {
  try {
    const ran = await run(scenarioOf(String(seed)), surrounding);
    return { seed, verdict: ran.report.verdict, differences: differences(ran.report, expectationOf(ran)) };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seed, verdict: "none", differences: [`the run ended with an error: ${text}`] };
  }
}

/** Returns the command that repeats a seed. */
function replay(seed: number): string {
  return `npm run campaign -- --seed ${seed}`;
}

/** Describes an outcome for the person who fixes the fault. */
export function described({ seed, differences: all }: Outcome): string {
  return [
    `seed ${seed} is not as its log has it (${replay(seed)}):`,
    ...all.map((each) => `  - ${each}`),
  ].join("\n");
}
