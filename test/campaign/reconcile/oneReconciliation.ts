import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reconcileDelivery } from "../../../delivery/reconcile";
import { mergeReconciliations } from "../../../delivery/reconcile/mergeParts";
import type { ReconcileOptions } from "../../../delivery/reconcile/options";
import type { ReconcileReport } from "../../../delivery/reconcile/report";
import { DOCUMENTED_EXPORT, ExportApi } from "../../../sandbox/amplitude/exportApi";
import { type LocalAmplitude, startAmplitude } from "../../../sandbox/amplitude/server";
import { VirtualClock } from "../../delivery/common/virtualClock";
import { randomOf } from "../faults/draw";
import { startFaultProxy } from "../faults/faultProxy";
import { ACCOUNT_ID, goodIdentity, ROLE_ARN } from "../identity";
import { MemoryKinesis } from "../memoryKinesis/memoryKinesis";
import { withoutRetriesOfTheSdk } from "../oneRun";
import { RequestsInFlight } from "../requestsInFlight";
import { HOUR_MS, type ReconcileScenario } from "./scenario";
import { createWorld, fillStream, type World } from "./world";

const REGION = "eu-central-1";
const STREAM = "events";

/** Report of a reconciliation, and the truth about it. */
export interface Reconciled {
  report: ReconcileReport;
  world: World;
}

/**
 * Runs the real `reconcileDelivery` against both records of a scenario. Time passes only if nothing else is left to wait for.
 *
 * @param count Number of parts, which run at once and are merged. Default: the stream is not divided.
 */
export async function reconcileOnce(scenario: ReconcileScenario, count?: number): Promise<Reconciled> {
  const { seed, startedAt, plan, shards, retentionHours } = scenario;
  const world = createWorld(scenario);
  let clock: VirtualClock | undefined;
  let filling = scenario.from - 2 * HOUR_MS;
  const place = { region: REGION, accountId: ACCOUNT_ID, retentionHours };
  const endpoint = new MemoryKinesis(place, () => clock?.now() ?? filling);
  for (const name of [STREAM, "elsewhere"])
    await endpoint.call("CreateStream", { StreamName: name, ShardCount: shards });
  await fillStream(scenario, world.writes, endpoint, STREAM, (at) => {
    filling = at;
  });
  let isBusy = () => false;
  const time = new VirtualClock(startedAt, () => isBusy());
  clock = time;
  const proxy = await startFaultProxy({
    endpoint,
    streamName: STREAM,
    otherStreamName: "elsewhere",
    others: goodIdentity,
    plan,
    clock: time,
  });
  const folder = await mkdtemp(join(tmpdir(), "reconcile-"));
  const amplitude = await amplitudeOf(scenario, world, proxy.endpoint, () => time.now());
  const toAws = new RequestsInFlight(proxy.endpoint);
  const toAmplitude = new RequestsInFlight(amplitude.origin);
  isBusy = () => toAws.count > proxy.held || toAmplitude.count > 0;
  const random = randomOf(seed);
  try {
    const exports = scenario.source === "files" ? [await archive(scenario, world, folder)] : undefined;
    const reconcile = (divided: Pick<ReconcileOptions, "part" | "runId" | "partFile">) =>
      reconcileDelivery({
        ...divided,
        outputs: { roleArn: ROLE_ARN, region: REGION, streamName: STREAM },
        credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
        endpoint: proxy.endpoint,
        ...hoursOf(scenario),
        ...(exports !== undefined
          ? { exports }
          : { apiKey: amplitude.apiKey, secretKey: amplitude.secretKey, url: amplitude.origin }),
        eventTypes: scenario.eventTypes,
        allTypes: scenario.allTypes,
        propagationSeconds: 0,
        clock: time,
        random,
      });
    const report = await withoutRetriesOfTheSdk(() =>
      count === undefined ? reconcile({}) : reconcileInParts(count, folder, reconcile),
    );
    return { report, world };
  } finally {
    toAws.stop();
    toAmplitude.stop();
    await Promise.all([proxy.stop(), amplitude.stop(), rm(folder, { recursive: true })]);
  }
}

async function reconcileInParts(
  count: number,
  folder: string,
  reconcile: (part: Pick<ReconcileOptions, "part" | "runId" | "partFile">) => Promise<ReconcileReport>,
): Promise<ReconcileReport> {
  const files = Array.from({ length: count }, (_, index) => join(folder, `part-${index + 1}.gz`));
  const reports = await Promise.all(
    files.map((partFile, index) => reconcile({ part: { index, count }, runId: "campaign", partFile })),
  );
  for (const { verdict } of reports)
    if (verdict === "complete") throw new Error("a part is complete by itself");
  return mergeReconciliations(files.reverse());
}

function hourText(time: number): string {
  return new Date(time).toISOString().slice(0, 13);
}

function hoursOf({ from, hours }: ReconcileScenario): { from: string; to: string } {
  return { from: hourText(from), to: hourText(from + (hours - 1) * HOUR_MS) };
}

async function amplitudeOf(
  { exportFaults }: ReconcileScenario,
  { exported }: World,
  endpoint: string,
  now: () => number,
): Promise<LocalAmplitude> {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
  const amplitude = await startAmplitude({
    aws: { endpoint, credentials },
    now,
  });
  for (const { row, uploadedAt } of exported) amplitude.exports.add(row, uploadedAt);
  amplitude.exports.fault = (_range, request) => exportFaults[request - 1];
  return amplitude;
}

/** Writes an archive of the hours and of those next to them, as somebody would download it. */
async function archive(
  { from, hours }: ReconcileScenario,
  { exported }: World,
  folder: string,
): Promise<string> {
  const habits = { ...DOCUMENTED_EXPORT, availableAfterMs: 0 };
  const api = new ExportApi({ app: 100_011_471, habits, now: () => Number.POSITIVE_INFINITY });
  for (const { row, uploadedAt } of exported) api.add(row, uploadedAt);
  const name = (time: number) => hourText(time).replaceAll("-", "");
  const range = { start: name(from - HOUR_MS), end: name(from + hours * HOUR_MS) };
  const { status, body } = await api.respond(new URLSearchParams(range));
  const file = join(folder, "export.zip");
  // A ZIP without files, as of a project without events.
  const empty = Buffer.from("504b0506".padEnd(44, "0"), "hex");
  await writeFile(file, status === 404 ? empty : body);
  return file;
}
