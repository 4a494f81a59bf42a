import { AMPLITUDE_ACCOUNT_ID } from "../../components/contract";
import { accountOf } from "../common/arn";
import type { Verdict } from "../common/findings";
import { mapTexts, printable } from "../common/printable";
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

const ARN_ACCOUNT = /(arn:[\w-]*:[\w-]*:[\w-]*:)(\d{12})(?!\d)/g;
const NAMED_ACCOUNT = /(\baccount (?:id )?)(\d{12})(?!\d)/gi;
/** The id of an access key. It isn't a secret, but no reader of a report needs it. Source: IAM, "Unique identifiers". */
const ACCESS_KEY_ID = /\b(A[KS]IA)[A-Z2-7]{16}\b/g;

/**
 * Redacts a report for publication. Only the last four digits of every AWS account remain (Amplitude's own account is
 * public), access key ids are hidden, and each text is one printable line.
 */
export function redactReport(report: DeliveryReport): DeliveryReport {
  const customer = accountOf(report.roleArn);
  return mapTexts(report, (text) =>
    redact(printable(text), /^\d{12}$/.test(customer) ? customer : undefined),
  );
}

function redact(text: string, customer: string | undefined): string {
  const redacted = text
    .replace(ARN_ACCOUNT, (_, before: string, account: string) => before + redactAccount(account))
    .replace(NAMED_ACCOUNT, (_, before: string, account: string) => before + redactAccount(account))
    .replace(ACCESS_KEY_ID, "$1****************");
  if (customer === undefined) return redacted;
  return redacted.replace(new RegExp(`(?<!\\d)${customer}(?!\\d)`, "g"), redactAccount);
}

function redactAccount(account: string): string {
  return account === AMPLITUDE_ACCOUNT_ID ? account : `********${account.slice(-4)}`;
}
