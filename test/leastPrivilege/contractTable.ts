import type { AmplitudeKinesisDestinationArgs } from "../../components/index";
import type { CallerName } from "./callers";
import type { CircumstanceName } from "./circumstances";

/**
 * The contract: the callers that may assume the role, and the permissions of the role's session. Everything else is
 * denied implicitly, and explicitly only if it is forbidden for every caller.
 */
export interface Variant {
  title: string;
  inputs: AmplitudeKinesisDestinationArgs;
  streamArn: string;
  roleArn: string;
  mayAssume: { callers: CallerName[]; given: CircumstanceName[] }[];
  mayDo: { action: string; on: string; given: CircumstanceName[] }[];
  forbidden?: { actions: string[]; on: string; given: CircumstanceName[] };
}

const STREAM = "arn:aws:kinesis:us-east-1:111122223333:stream/acme-stream-0a1b2c3";
const ROLE = "arn:aws:iam::111122223333:role/acme-role-0a1b2c3";
export const KEY = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
export const EXTERNAL_ID = "acme-1";

const AMPLITUDE: CallerName[] = [
  "Amplitude's root",
  "Amplitude's exporter role",
  "another role of Amplitude",
  "a user of Amplitude",
];
const EVER: CircumstanceName[] = [
  "without an external id",
  "with the right external id",
  "with the external id in capitals",
  "with a longer external id",
  "with another external id",
];
const WITH_THE_ID: CircumstanceName[] = ["with the right external id"];

/** AWS lets every caller get its identity, regardless of policies. */
const OWN_IDENTITY: Variant["mayDo"][number] = {
  action: "sts:GetCallerIdentity",
  on: "*",
  given: ["plainly"],
};
const WRITE: Variant["mayDo"] = [
  { action: "kinesis:PutRecord", on: STREAM, given: ["plainly"] },
  { action: "kinesis:PutRecords", on: STREAM, given: ["plainly"] },
  { action: "iam:SimulatePrincipalPolicy", on: ROLE, given: ["plainly"] },
  OWN_IDENTITY,
];
const ENCRYPT: Variant["mayDo"][number] = {
  action: "kms:GenerateDataKey",
  on: KEY,
  given: ["through Kinesis for this stream"],
};

/** Everything that a stream's policy can name. */
const STREAM_POLICY_ACTIONS = [
  "kinesis:DescribeStreamSummary",
  "kinesis:GetRecords",
  "kinesis:GetShardIterator",
  "kinesis:ListShards",
  "kinesis:PutRecord",
  "kinesis:PutRecords",
];
const THEIR_STREAM = "arn:aws:kinesis:us-east-1:111122223333:stream/theirs";

const PLAIN = { streamArn: STREAM, roleArn: ROLE, mayDo: WRITE };
const TESTERS = ["arn:aws:iam::111122223333:user/tester", "arn:aws:iam::111122223333:role/ci"];
const EXPORTER = ["arn:aws:iam::358203115967:role/exporter"];
const ROLE_IN_A_PATH = "arn:aws:iam::111122223333:role/vendors/acme-role-0a1b2c3";

export const VARIANTS = {
  default: { ...PLAIN, title: "no inputs", inputs: {}, mayAssume: [{ callers: AMPLITUDE, given: EVER }] },
  externalId: {
    ...PLAIN,
    title: "externalId",
    inputs: { externalId: EXTERNAL_ID },
    mayAssume: [{ callers: AMPLITUDE, given: WITH_THE_ID }],
  },
  kmsKeyArn: {
    ...PLAIN,
    title: "kmsKeyArn",
    inputs: { kmsKeyArn: KEY },
    mayAssume: [{ callers: AMPLITUDE, given: EVER }],
    mayDo: [...WRITE, ENCRYPT],
  },
  testPrincipalArns: {
    ...PLAIN,
    title: "testPrincipalArns",
    inputs: { testPrincipalArns: TESTERS },
    mayAssume: [
      { callers: AMPLITUDE, given: EVER },
      { callers: ["the customer's tester", "the customer's CI role"], given: EVER },
    ],
  },
  amplitudePrincipalArns: {
    ...PLAIN,
    title: "amplitudePrincipalArns",
    inputs: { amplitudePrincipalArns: EXPORTER },
    mayAssume: [{ callers: ["Amplitude's exporter role"], given: EVER }],
  },
  amplitudeAccountId: {
    ...PLAIN,
    title: "amplitudeAccountId",
    inputs: { amplitudeAccountId: "202493300829" },
    mayAssume: [{ callers: ["a role of Amplitude's EU account"], given: EVER }],
  },
  amplitudePrincipalArnPatterns: {
    ...PLAIN,
    title: "amplitudePrincipalArnPatterns",
    inputs: { amplitudePrincipalArnPatterns: ["arn:aws:iam::358203115967:role/export*"] },
    mayAssume: [{ callers: ["Amplitude's exporter role", "another role of Amplitude"], given: EVER }],
  },
  existingStreamArn: {
    title: "existingStreamArn",
    inputs: { existingStreamArn: THEIR_STREAM },
    streamArn: THEIR_STREAM,
    roleArn: ROLE,
    mayAssume: [{ callers: AMPLITUDE, given: EVER }],
    mayDo: [
      { action: "kinesis:PutRecord", on: THEIR_STREAM, given: ["plainly"] },
      { action: "kinesis:PutRecords", on: THEIR_STREAM, given: ["plainly"] },
      { action: "iam:SimulatePrincipalPolicy", on: ROLE, given: ["plainly"] },
      OWN_IDENTITY,
    ],
  },
  requireTls: {
    ...PLAIN,
    title: "requireTls",
    inputs: { requireTls: true },
    mayAssume: [{ callers: AMPLITUDE, given: EVER }],
    forbidden: { actions: STREAM_POLICY_ACTIONS, on: STREAM, given: ["without TLS"] },
  },
  everything: {
    title: "all of these and a path",
    inputs: {
      rolePath: "/vendors/",
      kmsKeyArn: KEY,
      externalId: EXTERNAL_ID,
      amplitudePrincipalArns: EXPORTER,
      testPrincipalArns: TESTERS,
    },
    streamArn: STREAM,
    roleArn: ROLE_IN_A_PATH,
    mayAssume: [
      { callers: ["Amplitude's exporter role"], given: WITH_THE_ID },
      { callers: ["the customer's tester", "the customer's CI role"], given: WITH_THE_ID },
    ],
    mayDo: [
      { action: "kinesis:PutRecord", on: STREAM, given: ["plainly"] },
      { action: "kinesis:PutRecords", on: STREAM, given: ["plainly"] },
      { action: "iam:SimulatePrincipalPolicy", on: ROLE_IN_A_PATH, given: ["plainly"] },
      OWN_IDENTITY,
      ENCRYPT,
    ],
  },
} satisfies Record<string, Variant>;

/** Returns the labels (`labelOf`) of the questions that a contract allows. */
export function allowedLabels({ roleArn, mayAssume, mayDo }: Variant): Set<string> {
  return new Set([
    ...mayAssume.flatMap(({ callers, given }) =>
      callers.flatMap((caller) => given.map((name) => `${caller}: sts:AssumeRole on ${roleArn}, ${name}`)),
    ),
    ...mayDo.flatMap(({ action, on, given }) =>
      given.map((name) => `the role's session: ${action} on ${on}, ${name}`),
    ),
  ]);
}

/** Returns the contract's decision for a question, by its label (`labelOf`). */
export function expectedDecisions(variant: Variant): (question: Asked, label: string) => string {
  const allowed = allowedLabels(variant);
  const { actions = [], on, given = [] } = variant.forbidden ?? {};
  return ({ action, resource, circumstance }, label) => {
    const isForbidden = actions.includes(action) && resource === on && given.includes(circumstance.name);
    if (isForbidden) return "ExplicitlyDenied";
    return allowed.has(label) ? "Allowed" : "ImplicitlyDenied";
  };
}

export interface Asked {
  action: string;
  resource: string;
  circumstance: { name: CircumstanceName };
}
