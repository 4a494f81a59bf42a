import { AMPLITUDE_ACCOUNT_ID } from "../../components/contract";
import { accountOf } from "../common/arn";
import type { Verdict } from "../common/findings";
import { mapTexts, printable } from "../common/text";
import type { CustomerOutcome } from "../fleet/report";
import type { ReconcileVerdict } from "../reconcile/report";

/** Result of a report, or of a customer in it. */
export type Result = Verdict | ReconcileVerdict | CustomerOutcome;

/** Signs of a result on a page and in Markdown, and its class in the page's style sheet. */
interface ResultLook {
  sign: string;
  emoji: string;
  style: Verdict;
}

const SUCCESS: ResultLook = { sign: "✓", emoji: "✅", style: "verified" };
const FAILURE: ResultLook = { sign: "✗", emoji: "❌", style: "failed" };
const UNDECIDED: ResultLook = { sign: "?", emoji: "❓", style: "undecided" };

export const RESULTS: Record<Result, ResultLook> = {
  verified: SUCCESS,
  complete: SUCCESS,
  succeeded: SUCCESS,
  failed: FAILURE,
  incomplete: FAILURE,
  undecided: UNDECIDED,
  interrupted: { sign: "■", emoji: "⏹️", style: "undecided" },
  "not-started": { sign: "–", emoji: "⏸️", style: "undecided" },
};

/** Returns a result as sentences name it. */
export function resultWords(result: Result): string {
  return result.replace("-", " ");
}

export function resultName(result: Result): string {
  return capitalized(resultWords(result));
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

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

const ACCOUNT_ID_LENGTH = 12;
const ARN_ACCOUNT = /(arn:[\w-]*:[\w-]*:[\w-]*:)(\d+)/g;
const NAMED_ACCOUNT = /(\baccount (?:id )?)(\d+)/gi;
/** The id of an access key. It isn't a secret, but no reader of a report needs it. Source: IAM, "Unique identifiers". */
const ACCESS_KEY_ID = /\b(A[KS]IA)[A-Z2-7]{16}\b/g;

/** Redacts a report of one customer for publication, like `redactTexts`. */
export function redactReport<Report extends { roleArn: string }>(report: Report): Report {
  return redactTexts(report, [accountOf(report.roleArn)]);
}

/**
 * Redacts texts for publication. Only the last four digits of every AWS account remain (Amplitude's own account is
 * public), access key ids are hidden, and each text is one printable line.
 *
 * @param customers Customers' accounts, which are found in any text.
 */
export function redactTexts<Value>(value: Value, customers: readonly string[]): Value {
  const accounts = new Set(customers);
  return mapTexts(value, (text) => redact(printable(text), accounts));
}

function redact(text: string, customers: ReadonlySet<string>): string {
  return text
    .replace(ARN_ACCOUNT, (_, before: string, account: string) => before + redactAccount(account))
    .replace(NAMED_ACCOUNT, (_, before: string, account: string) => before + redactAccount(account))
    .replace(ACCESS_KEY_ID, "$1****************")
    .replace(/\d+/g, (digits) => (customers.has(digits) ? redactAccount(digits) : digits));
}

function redactAccount(digits: string): string {
  const isShown = digits.length !== ACCOUNT_ID_LENGTH || digits === AMPLITUDE_ACCOUNT_ID;
  return isShown ? digits : `********${digits.slice(-4)}`;
}
