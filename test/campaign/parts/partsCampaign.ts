import type { DeliveryReport, Verdict } from "../../../delivery";
import { mergeReports, type NamedReport } from "../../../delivery/verify/mergeReports";
import { judged, type Outcome } from "../campaign";
import type { Ran } from "../oneRun";
import { differences } from "../oracle/differences";
import { type Expectation, expectationOf } from "../oracle/expectation";
import { partOfKey, type RanParts, runParts, type Shard } from "./oneRun";
import { PARTS, type PartsScenario, partsScenario } from "./scenario";

/** Verifies the delivery of a seed's events in parts, and compares every part's report and the merged one with the truth. */
export function partsOutcome(seed: number): Promise<Outcome> {
  return judged(seed, `npm run campaign -- parts --seed ${seed}`, async () => {
    const scenario = partsScenario(seed);
    const run = await runParts(scenario);
    const merged = mergeReports(filesOf(run, scenario));
    return { verdict: merged.verdict, differences: allDifferences(run, scenario, merged) };
  });
}

function allDifferences(run: RanParts, scenario: PartsScenario, merged: DeliveryReport): string[] {
  const ofParts = run.parts.flatMap((part, index) =>
    [...differences(part.report, expectationOf(part)), ...strayed(part, run.shards), ...overlooked(part)].map(
      (each) => `part ${index + 1}/${PARTS}: ${each}`,
    ),
  );
  const expected = mergedExpectation(run, scenario);
  const codes = [...new Set(merged.findings.map(({ code }) => code))];
  const findings = codes.map((code) => ({ ...merged.findings.find((each) => each.code === code), code }));
  const text = merged.findings.map(({ message }) => message).join("\n");
  const asRead = {
    ...merged,
    findings: [{ ...findings[0], message: text }, ...findings.slice(1)],
  } as DeliveryReport;
  const said = findings.length === 0 ? merged : asRead;
  return [
    ...ofParts,
    ...differences(said, expected).map((each) => `merged: ${each}`),
    ...unnamed(scenario, text),
  ];
}

/** Returns the files that are merged: the parts' reports, as the mishap has left them. */
function filesOf({ parts }: RanParts, { mishap }: PartsScenario): NamedReport[] {
  const files = parts.map(({ report }, index) => ({ name: `part-${index + 1}.json`, report }));
  const affected = files[mishap?.part ?? -1];
  if (affected === undefined) return files;
  if (mishap?.kind === "a part is there twice") return [...files, { ...affected, name: "again.json" }];
  const others = files.filter((file) => file !== affected);
  if (mishap?.kind === "a part is missing") return others;
  return [...others, { ...affected, report: { ...affected.report, runId: "another-run-" } }];
}

const CODES = {
  "a part is missing": ["part-missing"],
  "a part is there twice": ["part-duplicated"],
  "a part is of another run": ["part-missing", "part-of-another-run"],
};

function mergedExpectation({ parts }: RanParts, { mishap }: PartsScenario): Expectation {
  const isCounted = (index: number) => mishap?.kind === "a part is there twice" || index !== mishap?.part;
  const each = parts.filter((_, index) => isCounted(index)).map(expectationOf);
  const sum = (numbers: (number | null)[]) =>
    numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
  const names = Object.keys(each[0]?.numbers ?? {});
  const numbers = Object.fromEntries(
    names.map((name) => [name, sum(each.map((part) => part.numbers[name] ?? 0))]),
  );
  const { eventsSent = 0, eventsDelivered = 0 } = numbers;
  return {
    verdict: worst([...each.map(({ verdict }) => verdict), ...(mishap ? (["undecided"] as const) : [])]),
    numbers: { ...numbers, deliveryRate: eventsSent === 0 ? 0 : eventsDelivered / eventsSent },
    shards: summed(each.map(({ shards }) => shards)),
    findings: [
      ...new Set([...each.flatMap(({ findings }) => findings), ...(mishap ? CODES[mishap.kind] : [])]),
    ].sort(),
    named: each.flatMap(({ named }) => named),
  };
}

function worst(verdicts: Verdict[]): Verdict {
  if (verdicts.includes("failed")) return "failed";
  return verdicts.includes("undecided") ? "undecided" : "verified";
}

/** Adds up the shards in the form in which they are compared. */
function summed(all: Expectation["shards"][]): Expectation["shards"] {
  const shardIds = [...new Set(all.flatMap((shards) => Object.keys(shards)))];
  const of = (shardId: string) => all.map((shards) => shards[shardId]?.match(/\d+/g)?.map(Number) ?? [0, 0]);
  const total = (shardId: string, at: number) => of(shardId).reduce((sum, pair) => sum + (pair[at] ?? 0), 0);
  return Object.fromEntries(
    shardIds.map((shardId) => [shardId, `${total(shardId, 0)} acknowledged, ${total(shardId, 1)} read`]),
  );
}

/** Returns the shards that a part has read or written although they take none of its hash keys. */
function strayed({ log, part }: Ran, shards: Shard[]): string[] {
  const index = part?.index ?? 0;
  const isOfPart = (shardId: string) => {
    const shard = shards.find((each) => each.shardId === shardId);
    // A lie about the shard of an acknowledgement makes the part read another one.
    return shard === undefined || (partOfKey(shard.start) <= index && partOfKey(shard.end) >= index);
  };
  const read = log.readings.map(({ shardId }) => shardId).filter((shardId) => shardId !== "");
  const own = log.copies.filter(({ partitionKey }) => log.attemptsOf(partitionKey).length > 0);
  return [
    ...[...new Set(read)].filter((id) => !isOfPart(id)).map((id) => `it read ${id}, which is not its own`),
    ...[...new Set(own.map(({ shardId }) => shardId))]
      .filter((id) => !isOfPart(id))
      .map((id) => `it wrote to ${id}, which is not its own`),
  ];
}

/** Returns what is called lost or unanswered although the stream has it. */
function overlooked({ log, report, events, part }: Ran): string[] {
  const { index = 0, count = 1 } = part ?? {};
  const keys = events.map((_, at) => `amplitude-kinesis.${report.runId}.${at * count + index}`);
  const absent = keys.filter(
    (key) => log.attemptsOf(key).length > 0 && !log.copies.some(({ partitionKey }) => partitionKey === key),
  );
  const said = report.eventsLost + report.eventsUnanswered;
  return said > absent.length
    ? [`the report says that ${said} events are not in the stream, and ${absent.length} are not`]
    : [];
}

function unnamed({ mishap }: PartsScenario, text: string): string[] {
  const name = `${(mishap?.part ?? 0) + 1}/${PARTS}`;
  return mishap === undefined || text.includes(`part ${name}`) || text.includes(`Part ${name}`)
    ? []
    : [`merged: no finding names part ${name}`];
}
