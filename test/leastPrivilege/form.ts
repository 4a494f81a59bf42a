import {
  validateIdentityPolicy,
  validateResourcePolicy,
  validateTrustPolicy,
} from "@cloud-copilot/iam-policy";
import { type Documents, listed, type PolicyDocument, type Statement } from "./documents";
import { globalKeys, type KnownAction, knownActions, knowsKey, SERVICES } from "./iamData";

/**
 * Returns problems that the evaluator does not report: it treats a misspelled operator as a condition that no request
 * meets, and it checks only the actions in its questions.
 */
export async function formProblems({ trust, write, streamPolicy }: Documents): Promise<string[]> {
  const actions = await knownActions();
  return [
    ...validateTrustPolicy(trust).map(({ path, message }) => `syntax: trust policy, ${path}: ${message}`),
    ...validateIdentityPolicy(write).map(({ path, message }) => `syntax: write policy, ${path}: ${message}`),
    ...(streamPolicy ? validateResourcePolicy(streamPolicy) : []).map(
      ({ path, message }) => `syntax: stream policy, ${path}: ${message}`,
    ),
    ...[trust, write, ...(streamPolicy ? [streamPolicy] : [])].flatMap((document) => [
      ...documentProblems(document),
      ...document.Statement.flatMap((statement) => statementProblems(statement, actions)),
    ]),
  ];
}

function documentProblems({ Version, Statement }: PolicyDocument): string[] {
  const sids = Statement.map(({ Sid }) => Sid).filter((sid) => sid !== undefined);
  return [
    ...(Version === "2012-10-17" ? [] : [`form: version ${Version}`]),
    ...(new Set(sids).size === sids.length ? [] : ["form: a statement id is there twice"]),
    ...(Statement.length > 0 ? [] : ["form: no statement"]),
  ];
}

function statementProblems(statement: Statement, actions: KnownAction[]): string[] {
  const named = [...listed(statement.Action), ...listed(statement.NotAction)];
  return [
    ...named.flatMap((action) => actionProblems(action, actions)),
    ...[...named, ...listed(statement.Resource)]
      .filter((value) => /[*?]/.test(value))
      .map((value) => `wildcard: ${value}`),
    // A Deny may name every principal.
    ...(statement.Effect === "Deny" ? [] : principalProblems(statement.Principal)),
    ...conditionProblems(statement.Condition, named, actions),
  ];
}

/** An account's number or one principal of it, in Amplitude's partition. The evaluator reads only the number. */
const AWS_PRINCIPAL = /^(\d{12}|arn:aws:iam::\d{12}:(root|(role|user)\/[\w+=,.@/-]+))$/;

function principalProblems(principal: unknown): string[] {
  if (principal === undefined) return [];
  if (typeof principal !== "object" || principal === null) return [`principal: ${principal}`];
  return Object.entries(principal).flatMap(([kind, values]) =>
    listed(values)
      .filter((value) => kind !== "AWS" || !AWS_PRINCIPAL.test(value))
      .map((value) => `principal: ${kind} ${value}`),
  );
}

function actionProblems(action: string, actions: KnownAction[]): string[] {
  const [service = "", name = ""] = action.split(":");
  if (action !== "*" && !SERVICES.includes(service)) return [`action: ${action} is of a service not needed`];
  if (/[*?]/.test(action)) return [];
  const exists = actions.some(
    (known) => known.service === service && known.name.toLowerCase() === name.toLowerCase(),
  );
  return exists ? [] : [`action: ${action} does not exist`];
}

/** Source: AWS, IAM User Guide, "IAM JSON policy elements: Condition operators". */
const OPERATORS =
  /^(ForAllValues:|ForAnyValue:)?((String(Not)?(Equals(IgnoreCase)?|Like)|Arn(Not)?(Equals|Like)|(Numeric|Date)((Not)?Equals|(Less|Greater)Than(Equals)?)|Bool|BinaryEquals|(Not)?IpAddress)(IfExists)?|Null)$/;

function conditionProblems(condition: unknown, named: string[], actions: KnownAction[]): string[] {
  if (typeof condition !== "object" || condition === null) return [];
  const meant = actions.filter(({ service, name }) => named.includes(`${service}:${name}`));
  return Object.entries(condition).flatMap(([operator, keys]) => [
    ...(OPERATORS.test(operator) ? [] : [`operator: ${operator} does not exist`]),
    ...Object.keys(keys ?? {})
      .filter((key) => !meant.every((action) => knowsKey([...action.keys, ...globalKeys()], key)))
      .map((key) => `key: ${key} is unknown to ${named}`),
  ]);
}
