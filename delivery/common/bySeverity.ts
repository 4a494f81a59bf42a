import type { Finding, Severity } from "./findings";

const WEIGHTS: Record<Severity, number> = { error: 0, undetermined: 1, warning: 2 };

/** What stops delivery first, and otherwise as they were found. */
export function bySeverity(findings: Finding[]): Finding[] {
  return [...findings].sort((a, b) => WEIGHTS[a.severity] - WEIGHTS[b.severity]);
}
