import type { DiagnosticEvent, EngineEvent } from "@pulumi/pulumi/automation";
import { type Finding, finding } from "../common/findings";
import type { DriftedResource } from "./report";

/** Report of the engine about one operation on a stack. */
export interface EngineReport {
  /** Number of resources by change; null before the engine's summary. */
  changes: Record<string, number> | null;
  /** Outputs of the stack that the operation knows; a secret is `[secret]`. */
  outputs: Readonly<Record<string, unknown>>;
  /** Resources that differ from the state, if the operation is a refresh. */
  drift: DriftedResource[];
  /** Messages of the engine's errors. */
  errors: string[];
  /** Operations that an earlier update left unfinished. */
  findings: Finding[];
}

/** Adds an engine's event to the report of the operation. */
export function addEvent(report: EngineReport, event: EngineEvent, stack: string): void {
  const { summaryEvent, resOutputsEvent, diagnosticEvent } = event;
  if (summaryEvent !== undefined) report.changes = { ...summaryEvent.resourceChanges };
  if (resOutputsEvent !== undefined) {
    const { op, urn, detailedDiff, diffs, type, new: state } = resOutputsEvent.metadata;
    if (type === "pulumi:pulumi:Stack") report.outputs = state?.outputs ?? {};
    if (op === "delete") report.drift.push({ urn, change: "delete", properties: [] });
    if (op === "update") {
      const names = Object.keys(detailedDiff ?? {});
      report.drift.push({ urn, change: "update", properties: names.length > 0 ? names : (diffs ?? []) });
    }
  }
  if (diagnosticEvent !== undefined) addDiagnostic(report, diagnosticEvent, stack);
}

function addDiagnostic(report: EngineReport, { severity, message }: DiagnosticEvent, stack: string): void {
  const text = message.replace(/<\{%\w+%\}>/g, "").trim();
  if (severity === "error") report.errors.push(text);
  if (severity === "warning" && /\bpending operations?\b/.test(text))
    report.findings.push(pending(text, stack));
}

/** Returns the finding about the operations in the engine's warning: `  * URN, interrupted while creating`. */
function pending(warning: string, stack: string): Finding {
  const operations = warning.split("\n").flatMap((line) => {
    const [urn = "", operation] = line.split(", interrupted while ");
    return operation === undefined ? [] : [`${operation} ${urn.split("::").at(-1)}`];
  });
  return finding.warning(
    "pending-operations",
    stack,
    `An earlier update was killed while ${operations.join(" and ") || "changing resources"}. What it was creating may exist in AWS without the stack knowing`,
    `Compare with AWS, delete what the stack doesn't know, and run \`pulumi refresh --clear-pending-creates --stack ${stack}\``,
  );
}
