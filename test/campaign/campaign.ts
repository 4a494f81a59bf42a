import { inMemory, run, type Surrounding } from "./oneRun";
import { differences } from "./oracle/differences";
import { expectationOf } from "./oracle/expectation";
import { scenarioOf } from "./scenario";

/** What a seed's run came to. */
export interface Outcome {
  seed: number;
  verdict: string;
  /** What the report says that is not so: nothing, as it should be. */
  differences: string[];
}

export interface CampaignOptions {
  /** The first seed. */
  from: number;
  /** How many, one after the other. */
  seeds: number;
  /** No further seed is begun once it says so. Default: never. */
  isOver?: () => boolean;
  onOutcome?: (outcome: Outcome) => void;
  /** Default: streams in this process. */
  surrounding?: Surrounding;
}

/** @returns the outcomes of the seeds that were run, in their order. */
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

/** A run that ends with an error has said nothing right. */
export async function outcomeOf(seed: number, surrounding: Surrounding = inMemory): Promise<Outcome> {
  try {
    const ran = await run(scenarioOf(String(seed)), surrounding);
    return { seed, verdict: ran.report.verdict, differences: differences(ran.report, expectationOf(ran)) };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seed, verdict: "none", differences: [`the run ended with an error: ${text}`] };
  }
}

/** How a seed is run again, alone. */
function replay(seed: number): string {
  return `npm run campaign -- --seed ${seed}`;
}

/** In words, for a person who has to mend it. */
export function described({ seed, differences: all }: Outcome): string {
  return [
    `seed ${seed} is not as its log has it (${replay(seed)}):`,
    ...all.map((each) => `  - ${each}`),
  ].join("\n");
}
