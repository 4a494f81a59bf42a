import { isObject } from "../../common/values";
import { matchesText } from "./arnPattern";

/** A statement of a policy document. Its members may have any type, because anybody can write one. */
export interface Statement {
  Sid?: unknown;
  Effect?: unknown;
  Principal?: unknown;
  NotPrincipal?: unknown;
  Action?: unknown;
  NotAction?: unknown;
  Resource?: unknown;
  NotResource?: unknown;
  Condition?: unknown;
}

/** Returns undefined for text that is not a JSON policy document. */
export function parseStatements(document: string): Statement[] | undefined {
  try {
    const { Statement } = JSON.parse(document);
    const list: unknown[] = Array.isArray(Statement) ? Statement : [Statement];
    return list.filter((item): item is Statement => typeof item === "object" && item !== null);
  } catch {
    return undefined;
  }
}

export function isAllow({ Effect }: Statement): boolean {
  return Effect === "Allow";
}

/** Whether a statement covers an action. Undefined if `NotAction` leaves it open. IAM ignores the case of actions. */
export function coversAction({ Action, NotAction }: Statement, action: string): boolean | undefined {
  if (NotAction !== undefined) return undefined;
  return strings(Action).some((pattern) => matchesText(pattern.toLowerCase(), action.toLowerCase()));
}

/** Returns the AWS principals: ARNs, account ids, or `*`. Some services also take `{"*": "*"}` for everybody. */
export function principals(principal: unknown): string[] {
  if (principal === "*") return ["*"];
  return isObject(principal) ? [...strings(principal.AWS), ...strings(principal["*"])] : [];
}

/** Returns a list of strings, which a policy writes as a plain string if there is only one. */
export function strings(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((item) => typeof item === "string");
}

/** Whether any of the values has a policy variable, such as `${aws:PrincipalAccount}`, whose value only AWS knows. */
export function haveVariable(values: string[]): boolean {
  return values.some((value) => value.includes("${"));
}

/** One test of a Condition block. */
export interface ConditionTest {
  operator: string;
  /** In lower case, because IAM ignores the case of keys. */
  key: string;
  values: string[];
}

/** Returns the tests of a Condition block, all of which have to pass. */
export function conditionTests(condition: unknown): ConditionTest[] {
  return Object.entries(condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys ?? {}).map(([key, values]) => ({
      operator,
      key: key.toLowerCase(),
      values: strings(values),
    })),
  );
}
