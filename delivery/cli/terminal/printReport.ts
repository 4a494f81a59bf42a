import { styled } from "./styled";

/** Prints what was found out on standard output: as one JSON document, or for a person. */
export function printReport<T>(report: T, { json }: { json?: true }, text: (report: T) => string): void {
  const printed = json ? JSON.stringify(report, undefined, 2) : styled(text(report), process.stdout);
  process.stdout.write(`${printed}\n`);
}
