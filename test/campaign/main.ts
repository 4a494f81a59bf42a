/** `npm run campaign`: runs `verifyDelivery` under seeded faults, and compares each report with the fault proxy's log. */
import { Presets, SingleBar } from "cli-progress";
import { Command, InvalidArgumentError } from "commander";
import { campaign, described, type Outcome, outcomeOf } from "./campaign";
import { scenarioOf } from "./scenario";

interface Flags {
  seeds: number;
  from: number;
  seed?: number;
  json?: true;
}

async function main(): Promise<void> {
  const program = new Command("npm run campaign --")
    .description("verify delivery under faults drawn from seeds, and compare every report with the truth")
    .option("--seeds <number>", "number of seeds to run", wholeNumber(1), 1_000)
    .option("--from <seed>", "first seed", wholeNumber(0), 1)
    .option("--seed <seed>", "run only this seed, and print what it draws", wholeNumber(0))
    .option("--json", "print the outcomes as one JSON document on standard output")
    .addHelpText("after", "\nExit status: 0 if every report was true, 1 otherwise.")
    .parse();
  const flags = program.opts<Flags>();
  const outcomes = flags.seed === undefined ? await many(flags) : await one(flags.seed, flags);
  const failed = outcomes.filter(({ differences }) => differences.length > 0);
  if (flags.json) process.stdout.write(`${JSON.stringify(outcomes, undefined, 2)}\n`);
  else process.stdout.write(`${summary(outcomes, failed)}\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

async function one(seed: number, { json }: Flags): Promise<Outcome[]> {
  if (!json) process.stdout.write(`${JSON.stringify(scenarioOf(String(seed)), undefined, 2)}\n`);
  return [await outcomeOf(seed)];
}

async function many({ seeds, from }: Flags): Promise<Outcome[]> {
  const bar = new SingleBar(
    { stream: process.stderr, format: "{bar} {value}/{total} seeds | {wrong} wrong | {eta_formatted} left" },
    Presets.shades_classic,
  );
  let wrong = 0;
  if (process.stderr.isTTY) bar.start(seeds, 0, { wrong });
  const outcomes = await campaign({
    from,
    seeds,
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
