import type { Verdict } from "../common/findings";
import { leftOut } from "../sending/findings";
import type { DeliveryReport } from "../verify/report";

/** A part of a text: plain words, or a code span. */
export interface TextPiece {
  isCode: boolean;
  text: string;
}

/** More pieces of one text than a person reads. The rest is one plain piece. */
const MAX_PIECES = 100;

/** Splits a text at its code spans. Findings quote commands in single backticks, as in Markdown. */
export function codeSpans(text: string): TextPiece[] {
  const pieces = text.split(/(`[^`\n]+`)/);
  return [...pieces.slice(0, MAX_PIECES), pieces.slice(MAX_PIECES).join("")]
    .filter((piece) => piece !== "")
    .map((piece) =>
      /^`[^`\n]+`$/.test(piece) ? { isCode: true, text: piece.slice(1, -1) } : { isCode: false, text: piece },
    );
}

const SENTENCES: Record<Verdict, string> = {
  verified: "every event sent was read back, byte for byte",
  failed: "delivery to this stream does not work",
  undecided: "the run could not show whether delivery works",
};
const VERIFIED_THROUGH_AMPLITUDE =
  "every event sent to Amplitude arrived in the stream, with the fields that were sent";

/** Returns the verdict as a sentence that follows its name. */
export function verdictSentence(report: DeliveryReport): string {
  if (report.verdict !== "verified") return SENTENCES[report.verdict];
  return report.route === "amplitude" ? VERIFIED_THROUGH_AMPLITUDE : SENTENCES.verified + leftOut(report);
}

/** Returns 0–100, rounded down: only a complete delivery may read 100%. */
export function deliveredPercent({ deliveryRate }: DeliveryReport): number {
  return Math.floor(deliveryRate * 100_000) / 1000;
}
