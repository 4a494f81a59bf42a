import { AMPLITUDE_ACCOUNT_ID } from "../../components/contract";
import { accountOf } from "../common/arn";
import { mapTexts, printable } from "../common/printable";
import type { DeliveryReport } from "../verify/report";

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
