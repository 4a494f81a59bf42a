import { AMPLITUDE_ACCOUNT_ID } from "../../components/contract";
import type { DeliveryReport } from "../verify/report";

const ARN_ACCOUNT = /(arn:[\w-]*:[\w-]*:[\w-]*:)(\d{12})(?!\d)/g;
const NAMED_ACCOUNT = /(\baccount (?:id )?)(\d{12})(?!\d)/gi;
/** An access key's id. It is no secret by itself, and no reader of a report needs it. Source: IAM, "Unique identifiers". */
const ACCESS_KEY_ID = /\b(A[KS]IA)[A-Z2-7]{16}\b/g;
/** Outside XML 1.0's characters, and what turns the direction of the text around it (Unicode's bidirectional controls). */
const UNSHOWABLE =
  /[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The report as it may be shown to people: of the customer's account, wherever its number stands, the last four digits
 * alone (Amplitude's own is public), no access key's id, and no control character in any text.
 */
export function presentable(report: DeliveryReport): DeliveryReport {
  const own = /^arn:[\w-]*:iam::(\d{12}):/.exec(report.roleArn)?.[1];
  return mapTexts(report, (text) => shown(text, own));
}

/** The account of the role, with its last four digits alone. */
export function accountOf({ roleArn }: DeliveryReport): string {
  return /^arn:[^:]*:iam::([^:]*):/.exec(roleArn)?.[1] ?? "unknown";
}

function shown(text: string, own: string | undefined): string {
  const masked = text
    .replace(ARN_ACCOUNT, (_, before: string, account: string) => before + maskedAccount(account))
    .replace(NAMED_ACCOUNT, (_, before: string, account: string) => before + maskedAccount(account))
    .replace(ACCESS_KEY_ID, "$1****************")
    .replace(UNSHOWABLE, "\ufffd");
  return own === undefined ? masked : masked.replace(new RegExp(`(?<!\\d)${own}(?!\\d)`, "g"), maskedAccount);
}

function maskedAccount(account: string): string {
  return account === AMPLITUDE_ACCOUNT_ID ? account : `********${account.slice(-4)}`;
}

/** The same value with each string in it replaced, at any depth. */
function mapTexts<Value>(value: Value, replace: (text: string) => string): Value;
function mapTexts(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === "string") return replace(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, replace));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, replace)]));
}
