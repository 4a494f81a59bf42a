import type { ReconcileReport } from "../../../delivery/reconcile/report";
import { judged, type Outcome } from "../campaign";
import { drawWhole } from "../faults/draw";
import { type ReconcileExpectation, reconcileExpectation } from "./expectation";
import { reconcileOnce } from "./oneReconciliation";
import { reconcileScenario } from "./scenario";

/** Reconciles a seed's scenario, and compares the report with the truth. */
export function reconcileOutcome(seed: number): Promise<Outcome> {
  return outcomeOf(seed, "reconcile");
}

/** Reconciles a seed's scenario in 1 to 5 parts, and compares the merged report with the truth. */
export function reconcilePartsOutcome(seed: number): Promise<Outcome> {
  return outcomeOf(seed, "reconcile-parts", drawWhole(1, 5, String(seed), "parts"));
}

function outcomeOf(seed: number, subject: string, parts?: number): Promise<Outcome> {
  return judged(seed, `npm run campaign -- ${subject} --seed ${seed}`, async () => {
    const scenario = reconcileScenario(seed);
    const { report, world } = await reconcileOnce(scenario, parts);
    const expected = reconcileExpectation(scenario, world);
    return { verdict: report.verdict, differences: differences(statementsOf(report), expected) };
  });
}

function statementsOf(report: ReconcileReport): ReconcileExpectation {
  const types = report.eventTypes.map(({ eventType, ...outcomes }) => [eventType, outcomes]);
  return {
    ...report,
    rowsIgnoredRepeated: report.rowsIgnored.repeated,
    eventTypes: Object.fromEntries(types),
  };
}

/** Returns the false statements, one sentence each. */
function differences(said: unknown, truly: unknown, path = ""): string[] {
  if (typeof truly !== "object" || truly === null)
    return said === truly ? [] : [`${path}: the report says ${String(said)}, and it is ${String(truly)}`];
  const names = Object.keys({
    ...truly,
    ...(Array.isArray(truly) || path.includes("eventTypes") ? (said as object) : {}),
  });
  const at = (value: unknown, name: string) => (value as Record<string, unknown> | undefined)?.[name];
  return names.flatMap((name) =>
    differences(at(said, name), at(truly, name) ?? 0, path === "" ? name : `${path}.${name}`),
  );
}
