import type { PolicyDocument } from "./documents";

export const CUSTOMER = "111122223333";
const AMPLITUDE = "358203115967";
const AMPLITUDE_EU = "202493300829";
const OTHER_CUSTOMER = "444455556666";

export interface Caller {
  name: string;
  /** The evaluator's input; undefined for an unsigned request. */
  principal: string | undefined;
  /** The caller's permissions; undefined if it can't have any. */
  own: PolicyDocument | undefined;
  context: Record<string, string>;
}

/** The worst case: the account of an outside caller allows everything. */
const EVERYTHING: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};

/** In the customer's account, users' policies that allow more than this would decide instead of the documents. */
const ANY_ROLE: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "sts:*", Resource: `arn:aws:iam::${CUSTOMER}:role/*` }],
};

const NOTHING: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::unrelated/object" }],
};

const named = (
  account: string,
  resource: string,
  own: PolicyDocument,
): Pick<Caller, "principal" | "own" | "context"> => {
  const [kind = "", name = ""] = resource.split("/");
  const arn = `arn:aws:iam::${account}:${resource}`;
  const isRole = kind === "role";
  const types: Record<string, string> = { role: "AssumedRole", user: "User", root: "Account" };
  return {
    principal: isRole ? `arn:aws:sts::${account}:assumed-role/${name}/session` : arn,
    own,
    context: {
      "aws:PrincipalArn": arn,
      "aws:PrincipalAccount": account,
      "aws:PrincipalType": types[kind] ?? kind,
    },
  };
};
const unnamed = (principal: string | undefined) => ({ principal, own: undefined, context: {} });

const OUTSIDERS = {
  "Amplitude's root": named(AMPLITUDE, "root", EVERYTHING),
  "Amplitude's exporter role": named(AMPLITUDE, "role/exporter", EVERYTHING),
  "another role of Amplitude": named(AMPLITUDE, "role/exporter-2", EVERYTHING),
  "a user of Amplitude": named(AMPLITUDE, "user/someone", EVERYTHING),
  "a role of Amplitude without permissions": named(AMPLITUDE, "role/intern", NOTHING),
  "a role of Amplitude's EU account": named(AMPLITUDE_EU, "role/exporter", EVERYTHING),
  "another customer's root": named(OTHER_CUSTOMER, "root", EVERYTHING),
  "another customer's role of the exporter's name": named(OTHER_CUSTOMER, "role/exporter", EVERYTHING),
  "another customer's user": named(OTHER_CUSTOMER, "user/tester", EVERYTHING),
  "the customer's user": named(CUSTOMER, "user/someone", ANY_ROLE),
  "the customer's role": named(CUSTOMER, "role/application", ANY_ROLE),
  "the customer's tester": named(CUSTOMER, "user/tester", ANY_ROLE),
  "the customer's CI role": named(CUSTOMER, "role/ci", ANY_ROLE),
  "a service of AWS": unnamed("ec2.amazonaws.com"),
  "the stream's service": unnamed("kinesis.amazonaws.com"),
  "an identity provider": unnamed(`arn:aws:iam::${CUSTOMER}:saml-provider/sso`),
  "a web identity": unnamed("accounts.google.com"),
  nobody: unnamed(undefined),
};

export type CallerName = keyof typeof OUTSIDERS;

export const outsiders: Caller[] = Object.entries(OUTSIDERS).map(([name, caller]) => ({ name, ...caller }));

/** The session of a caller that assumed the role. A session's ARN omits the role's path. */
export function roleSession(roleArn: string, write: PolicyDocument): Caller {
  const roleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  const { context, ...session } = named(CUSTOMER, `role/${roleName}`, write);
  return { name: "the role's session", ...session, context: { ...context, "aws:PrincipalArn": roleArn } };
}
