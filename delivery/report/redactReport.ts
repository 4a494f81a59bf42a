import { AMPLITUDE_ACCOUNT_ID } from "../../components/contract";
import { accountOf } from "../common/arn";
import { mapTexts, printable } from "../common/text";

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
