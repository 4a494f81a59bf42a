/** `npm run campaign`: runs `verifyDelivery` or `reconcileDelivery` under seeded faults, and compares each report with the truth. */
import { Presets, SingleBar } from "cli-progress";
import { Argument, Command, InvalidArgumentError } from "commander";
import { campaign, described, type Outcome, outcomeOf } from "./campaign";
import { partsOutcome } from "./parts/partsCampaign";
import { partsScenario } from "./parts/scenario";
import { reconcileOutcome, reconcilePartsOutcome } from "./reconcile/reconcileCampaign";
import { reconcileScenario } from "./reconcile/scenario";
import { scenarioOf } from "./scenario";

/** Runs of a seed, and what it draws. */
const SUBJECTS = {
  verify: { run: outcomeOf, draw: (seed: number): object => scenarioOf(String(seed)) },
  parts: { run: partsOutcome, draw: (seed: number): object => partsScenario(seed) },
  reconcile: { run: reconcileOutcome, draw: (seed: number): object => reconcileScenario(seed) },
  "reconcile-parts": {
    run: reconcilePartsOutcome,
    draw: (seed: number): object => reconcileScenario(seed),
  },
};
type Subject = (typeof SUBJECTS)[keyof typeof SUBJECTS];

interface Flags {
  seeds: number;
  from: number;
  seed?: number;
  json?: true;
}

async function main(): Promise<void> {
  const program = new Command("npm run campaign --")
    .description("run a command under faults drawn from seeds, and compare every report with the truth")
    .addArgument(
      new Argument("[command]", "the command to run").choices(Object.keys(SUBJECTS)).default("verify"),
    )
    .option("--seeds <number>", "number of seeds to run", wholeNumber(1), 1_000)
    .option("--from <seed>", "first seed", wholeNumber(0), 1)
    .option("--seed <seed>", "run only this seed, and print what it draws", wholeNumber(0))
    .option("--json", "print the outcomes as one JSON document on standard output")
    .addHelpText("after", "\nExit status: 0 if every report was true, 1 otherwise.")
    .parse();
  const flags = program.opts<Flags>();
  const subject = SUBJECTS[program.processedArgs[0] as keyof typeof SUBJECTS];
  const { seed } = flags;
  const outcomes = seed === undefined ? await many(subject, flags) : await one(subject, seed, flags);
  const failed = outcomes.filter(({ differences }) => differences.length > 0);
  if (flags.json) process.stdout.write(`${JSON.stringify(outcomes, undefined, 2)}\n`);
  else process.stdout.write(`${summary(outcomes, failed)}\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

async function one({ run, draw }: Subject, seed: number, { json }: Flags): Promise<Outcome[]> {
  if (!json) process.stdout.write(`${JSON.stringify(draw(seed), undefined, 2)}\n`);
  return [await run(seed)];
}

async function many({ run }: Subject, { seeds, from }: Flags): Promise<Outcome[]> {
  const bar = new SingleBar(
    { stream: process.stderr, format: "{bar} {value}/{total} seeds | {wrong} wrong | {eta_formatted} left" },
    Presets.shades_classic,
  );
  let wrong = 0;
  if (process.stderr.isTTY) bar.start(seeds, 0, { wrong });
  const outcomes = await campaign({
    from,
    seeds,
    run: (seed) => run(seed),
    onOutcome: (outcome) => {
      if (outcome.differences.length > 0) wrong += 1;
      bar.increment({ wrong });
    },
  });
  bar.stop();
  return outcomes;
}

function summary(outcomes: Outcome[], failed: Outcome[]): string {
  const verdicts = [...new Set(outcomes.map(({ verdict }) => verdict))].sort();
  const counts = verdicts.map(
    (verdict) => `${outcomes.filter((outcome) => outcome.verdict === verdict).length} ${verdict}`,
  );
  return [
    ...failed.map(described),
    `${outcomes.length} seeds (${counts.join(", ")}): ${failed.length} reports were not true`,
  ].join("\n");
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,9}$/.test(text) && number >= least) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least}.`);
  };
}

main().catch((error) => {
  process.stderr.write(`campaign: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
