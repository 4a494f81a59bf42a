/**
 * Compares the CPU cost of `watch` per row (parsing, ids, times, shape and counts) with only `JSON.parse` of the same rows.
 * The two take turns, and medians are printed at the end. `--check` fails above the limits.
 */
import { parseArgs } from "node:util";
import { generateEvents } from "../../delivery";
import { StreamObserver } from "../../delivery/watch/streamObserver";
import { median } from "../median";

const MAX_RATIO = 3.5;
/** Growth of the heap between the ends of the first and the last round, each after a collection. */
const MAX_GROWTH_MIB = 8;
const BATCH = 500;

/** Records of one reading of a shard, each with a separate id. */
type Batch = Parameters<StreamObserver["take"]>[0];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: "string", default: "20000" },
      rounds: { type: "string", default: "9" },
      check: { type: "boolean", default: false },
    },
  });
  const [rows, rounds] = [positive("--rows", values.rows), positive("--rounds", values.rounds)];
  const batches = await batchesOf(rows);
  const observer = () => new StreamObserver({ startedAt: 0, expectApps: [], includeTests: true });
  const kept = observer();
  const cpu = { parse: [] as number[], watch: [] as number[] };
  const heaps: number[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const parse = cpuSeconds(() => batches.forEach(parseOnly));
    const fresh = observer();
    const watch = cpuSeconds(() => takeAll(fresh, batches));
    takeAll(kept, batches);
    globalThis.gc?.();
    if (round < 0) continue; // It warms up the compiler.
    cpu.parse.push(parse);
    cpu.watch.push(watch);
    heaps.push(process.memoryUsage().heapUsed / 2 ** 20);
  }
  const ratio = median(cpu.watch.map((seconds, round) => seconds / (cpu.parse[round] ?? seconds)));
  const growth = (heaps.at(-1) ?? 0) - (heaps[0] ?? 0);
  const perMillion = (seconds: number[]) => ((median(seconds) / rows) * 1e6).toFixed(1);
  console.log(`${rows} rows, ${rounds} rounds, medians: CPU seconds per million rows
  only JSON.parse        ${perMillion(cpu.parse)}
  watch                  ${perMillion(cpu.watch)}
  ratio, round by round  ${ratio.toFixed(2)} (limit: ${MAX_RATIO})
  heap, last round - first round  ${growth.toFixed(1)} MiB (limit: ${MAX_GROWTH_MIB})`);
  if (values.check && (ratio > MAX_RATIO || growth > MAX_GROWTH_MIB)) process.exitCode = 1;
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option} must be an integer from 1`);
  return number;
}

async function batchesOf(rows: number): Promise<Batch[]> {
  const batches: Batch[] = [];
  let records: Batch["records"] = [];
  const generated: Buffer[] = [];
  for await (const batch of generateEvents({ events: rows, seed: "watch" }).batches())
    for (const { bytes } of batch) generated.push(bytes);
  for (const bytes of generated) {
    records.push({
      Data: bytes,
      PartitionKey: "amplitude",
      SequenceNumber: "1",
      ApproximateArrivalTimestamp: new Date(0),
    });
    if (records.length < BATCH) continue;
    batches.push({ shardId: "shardId-000000000000", records, receivedAt: 0 });
    records = [];
  }
  return records.length === 0
    ? batches
    : [...batches, { shardId: "shardId-000000000000", records, receivedAt: 0 }];
}

function takeAll(observer: StreamObserver, batches: readonly Batch[]): void {
  for (const batch of batches) for (const _ of observer.steps(batch));
}

function parseOnly({ records }: Batch): void {
  for (const { Data } of records) JSON.parse(Buffer.from(Data ?? []).toString());
}

function cpuSeconds(task: () => void): number {
  const before = process.cpuUsage();
  task();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

void main();
