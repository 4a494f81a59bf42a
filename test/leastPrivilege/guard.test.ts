import { validateIdentityPolicy, validateTrustPolicy } from "@cloud-copilot/iam-policy";
import { expect } from "chai";
import { render, resolvedValue, settle } from "../components/rendered";
import { readDocument } from "../docs/documents";
import { type Caller, CUSTOMER, outsiders, roleSession } from "./callers";
import { type Circumstance, circumstancesOf } from "./circumstances";
import { KEY } from "./contractTable";
import { listed, type PolicyDocument, type Statement } from "./documents";
import { evaluate } from "./evaluator";
import { knownActions } from "./iamData";
import { ownerOf, resourcesOf } from "./resources";

/** The services that the guard touches, and those that its role must not use. */
const SERVICES = ["kinesis", "iam", "sts", "kms", "logs", "pipes"];
const STREAM = "arn:aws:kinesis:us-east-1:111122223333:stream/acme-stream-0a1b2c3";
const ROLE = "arn:aws:iam::111122223333:role/acme-guard-role-0a1b2c3";
const GROUP = "acme-guard-log-0a1b2c3";
const PIPE = "acme-guard-0a1b2c3";
const SUBJECT = { streamArn: STREAM, roleArn: ROLE, logGroup: GROUP, pipe: PIPE };
const ON_GROUP = new RegExp(`^arn:aws:logs:us-east-1:${CUSTOMER}:log-group:${GROUP}:log-stream:`);

const ALLOWED: Record<string, (resource: string, circumstance: string) => boolean> = {
  "kinesis:DescribeStream": (resource) => resource === STREAM,
  "kinesis:DescribeStreamSummary": (resource) => resource === STREAM,
  "kinesis:GetRecords": (resource) => resource === STREAM,
  "kinesis:GetShardIterator": (resource) => resource === STREAM,
  "kinesis:ListShards": (resource) => resource === STREAM,
  "logs:CreateLogStream": (resource) => ON_GROUP.test(resource),
  "logs:PutLogEvents": (resource) => ON_GROUP.test(resource),
  // AWS lets every caller get its identity, regardless of policies.
  "sts:GetCallerIdentity": () => true,
};
const WITH_KEY: typeof ALLOWED = {
  ...ALLOWED,
  "kms:Decrypt": (resource, circumstance) =>
    resource === KEY && circumstance === "through Kinesis for this stream",
};

interface Guard {
  trust: PolicyDocument;
  policy: PolicyDocument;
}

let withKey: Promise<Guard> | undefined;

/** Returns the documents for a stream with a customer's key, rendered once. */
function guardWithKey(): Promise<Guard> {
  withKey ??= guardWith({ kmsKeyArn: KEY });
  return withKey;
}

async function guardWith(inputs: object): Promise<Guard> {
  const { destination, resources } = await render("acme", { guard: { projectIds: [1] }, ...inputs });
  await resolvedValue(destination.policyArn);
  await settle();
  const inputsOf = (name: string) => resources.find((resource) => resource.name === name)?.inputs;
  return {
    trust: JSON.parse(inputsOf("acme-guard-role")?.assumeRolePolicy),
    policy: JSON.parse(inputsOf("acme-guard-policy")?.policy),
  };
}

/** Requests of the pipe: the service, and the pipe that it acts for. */
const AS_PIPE = {
  "aws:SourceAccount": CUSTOMER,
  "aws:SourceArn": `arn:aws:pipes:us-east-1:${CUSTOMER}:pipe/${PIPE}`,
};
const service = (principal: string, context: Record<string, string>, name: string): Caller => ({
  name,
  principal,
  own: undefined,
  context,
});
const SERVICE_CALLERS: [caller: Caller, mayAssume: boolean][] = [
  [service("pipes.amazonaws.com", AS_PIPE, "the pipe"), true],
  // Names by other settings of pulumi:autonaming: verbatim, and a pattern with the stack in front.
  ...["acme-guard", "prod-acme-guard-0a1b2c3"].map((name): [Caller, boolean] => {
    const arn = AS_PIPE["aws:SourceArn"].replace(PIPE, name);
    return [service("pipes.amazonaws.com", { ...AS_PIPE, "aws:SourceArn": arn }, arn), true];
  }),
  [service("pipes.amazonaws.com", {}, "Pipes without a source"), false],
  [service("pipes.amazonaws.com", { "aws:SourceAccount": CUSTOMER }, "Pipes without a pipe"), false],
  [
    service(
      "pipes.amazonaws.com",
      { ...AS_PIPE, "aws:SourceAccount": "444455556666" },
      "another account's source",
    ),
    false,
  ],
  ...[
    "arn:aws:pipes:us-east-1:444455556666:pipe/acme-guard-0a1b2c3",
    "arn:aws:pipes:eu-central-1:111122223333:pipe/acme-guard-0a1b2c3",
    "arn:aws:pipes:us-east-1:111122223333:pipe/other",
    "arn:aws:events:us-east-1:111122223333:rule/acme-guard-0a1b2c3",
  ].map((arn): [Caller, boolean] => [
    service("pipes.amazonaws.com", { ...AS_PIPE, "aws:SourceArn": arn }, arn),
    false,
  ]),
  [service("events.amazonaws.com", AS_PIPE, "EventBridge"), false],
  [service("lambda.amazonaws.com", AS_PIPE, "Lambda"), false],
];

let decided = 0;

/** Returns the wrong decisions, at most `max`. */
async function wrongDecisions(
  { trust, policy }: Guard,
  allowed: typeof ALLOWED,
  max = 20,
): Promise<string[]> {
  const wrong: string[] = [];
  const compare = async (label: string, expected: boolean, decision: Promise<string>) => {
    decided += 1;
    const outcome = await decision;
    if (outcome !== (expected ? "Allowed" : "ImplicitlyDenied")) wrong.push(`${label}: ${outcome}`);
  };
  const callers = [...SERVICE_CALLERS, ...outsiders.map((caller): [Caller, boolean] => [caller, false])];
  for (const [caller, mayAssume] of callers) {
    const decision = decide(caller, "sts:AssumeRole", ROLE, {}, trust);
    await compare(`${caller.name}: sts:AssumeRole`, mayAssume, decision);
  }
  const session = roleSession(ROLE, policy);
  for (const { action, resource, circumstance } of await questions()) {
    if (wrong.length >= max) break;
    const expected = allowed[action]?.(resource, circumstance.name) ?? false;
    const decision = decide(session, action, resource, circumstance.context, undefined);
    await compare(`${action} on ${resource}, ${circumstance.name}`, expected, decision);
  }
  return wrong;
}

interface Question {
  action: string;
  resource: string;
  circumstance: Circumstance;
}

let asked: Promise<Question[]> | undefined;

/** Returns every action on every resource that it accepts, those first that a mistake most probably changes. */
function questions(): Promise<Question[]> {
  asked ??= knownActions(SERVICES).then((actions) => {
    const all = actions.flatMap((action) =>
      resourcesOf(action, SUBJECT).flatMap((resource) => {
        const circumstances: Circumstance[] = circumstancesOf(action, STREAM);
        return (resource === KEY ? circumstances : circumstances.slice(0, 1)).map((circumstance) => ({
          action: `${action.service}:${action.name}`,
          resource,
          circumstance,
        }));
      }),
    );
    const isNear = ({ action, resource }: Question) =>
      action in WITH_KEY || resource === STREAM || resource === KEY || ON_GROUP.test(resource);
    return [...all.filter(isNear), ...all.filter((question) => !isNear(question))];
  });
  return asked;
}

/** The worst case for foreign resources and the customer's keys: their policies defer to the customer's account. */
const OPEN_TO_THE_CUSTOMER: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${CUSTOMER}:root` }, Action: "*", Resource: "*" },
  ],
};

function decide(
  caller: Caller,
  action: string,
  resource: string,
  context: Record<string, string>,
  trust: PolicyDocument | undefined,
): Promise<string> {
  const isOpen = resource.startsWith("arn:aws:kms:") || ownerOf(resource) !== CUSTOMER;
  return evaluate({
    principal: caller.principal,
    action,
    resource,
    resourceAccountId: ownerOf(resource),
    context: { ...caller.context, ...context },
    identityPolicy: caller.own,
    resourcePolicy: trust ?? (isOpen ? OPEN_TO_THE_CUSTOMER : undefined),
  });
}

async function problemsOf(guard: Guard, allowed: typeof ALLOWED, max?: number): Promise<string[]> {
  const syntax = [...validateTrustPolicy(guard.trust), ...validateIdentityPolicy(guard.policy)];
  // An action grants nothing on a resource that it doesn't accept, so no decision shows that it isn't needed.
  const named = guard.policy.Statement.flatMap(({ Action }) => listed(Action));
  const form = [
    ...syntax.map(({ path, message }) => `syntax: ${path}: ${message}`),
    ...named.filter((action) => !(action in allowed)).map((action) => `action: ${action} is not needed`),
  ];
  return form.length > 0 ? form : wrongDecisions(guard, allowed, max);
}

/** Sets elements of the policy's or the trust's statement. An undefined value removes the element. */
const policy = (index: number, elements: Statement) => (guard: Guard) => set(guard.policy, index, elements);
const trust = (elements: Statement) => (guard: Guard) => set(guard.trust, 0, elements);
function set({ Statement }: PolicyDocument, index: number, elements: Statement): void {
  const merged = { ...Statement[index], ...elements };
  Statement[index] = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

const READ = ["DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"].map(
  (action) => `kinesis:${action}`,
);
const WRITE = ["logs:CreateLogStream", "logs:PutLogEvents"];
const GROUP_ARN = `arn:aws:logs:us-east-1:${CUSTOMER}:log-group:${GROUP}`;
const SOURCE = { "aws:SourceAccount": CUSTOMER };
const PIPES = `arn:aws:pipes:us-east-1:${CUSTOMER}:pipe/*acme-guard*`;
const VIA = { "kms:ViaService": "kinesis.us-east-1.amazonaws.com" };
const ENCRYPTED = { "kms:EncryptionContext:aws:kinesis:arn": STREAM };

const MISTAKES: [mistake: string, change: (guard: Guard) => void][] = [
  ...READ.map((action): [string, (guard: Guard) => void] => [
    `omit ${action}`,
    policy(0, { Action: READ.filter((each) => each !== action) }),
  ]),
  ...["PutRecord", "SubscribeToShard", "DescribeStreamConsumer", "SplitShard", "Get*", "*"].map(
    (action): [string, (guard: Guard) => void] => [
      `allow kinesis:${action}`,
      policy(0, { Action: [...READ, `kinesis:${action}`] }),
    ],
  ),
  ["read every stream", policy(0, { Resource: "*" })],
  ["read every stream of the account", policy(0, { Resource: STREAM.replace(/[^/]+$/, "*") })],
  ["read streams whose names begin alike", policy(0, { Resource: `${STREAM}*` })],
  ["read a stream of another region", policy(0, { Resource: STREAM.replace("us-east-1", "eu-west-1") })],
  [
    "read all but one action, by NotAction",
    policy(0, { Action: undefined, NotAction: "kinesis:DeleteStream" }),
  ],
  ["omit reading", ({ policy: { Statement } }) => Statement.splice(0, 1)],
  ["omit writing", ({ policy: { Statement } }) => Statement.splice(1, 1)],
  ["omit logs:CreateLogStream", policy(1, { Action: "logs:PutLogEvents" })],
  ["omit logs:PutLogEvents", policy(1, { Action: "logs:CreateLogStream" })],
  ["allow deleting the log group", policy(1, { Action: [...WRITE, "logs:DeleteLogGroup"] })],
  ["allow reading the lines", policy(1, { Action: [...WRITE, "logs:GetLogEvents"] })],
  ["allow logs:*", policy(1, { Action: "logs:*" })],
  ["write to every log group", policy(1, { Resource: "*" })],
  ["write to log groups whose names begin alike", policy(1, { Resource: `${GROUP_ARN}*` })],
  ["name the log group without its streams", policy(1, { Resource: GROUP_ARN })],
  ["use the key directly", policy(2, { Condition: undefined })],
  ["use the key through Kinesis for any stream", policy(2, { Condition: { StringEquals: VIA } })],
  ["use the key for the stream through any service", policy(2, { Condition: { StringEquals: ENCRYPTED } })],
  ["encrypt with the key", policy(2, { Action: ["kms:Decrypt", "kms:GenerateDataKey"] })],
  ["use every key", policy(2, { Resource: "*" })],
  ["omit the key", ({ policy: { Statement } }) => Statement.splice(2, 1)],
  ["let every pipe of every account in", trust({ Condition: undefined })],
  ["let every pipe of the account in", trust({ Condition: { StringEquals: SOURCE } })],
  [
    "let pipes of any account in",
    trust({ Condition: { ArnLike: { "aws:SourceArn": PIPES.replace(CUSTOMER, "*") } } }),
  ],
  [
    "let pipes of any region in",
    trust({
      Condition: { StringEquals: SOURCE, ArnLike: { "aws:SourceArn": PIPES.replace("us-east-1", "*") } },
    }),
  ],
  [
    "let a request without a source in",
    trust({
      Condition: { StringEqualsIfExists: SOURCE, ArnLikeIfExists: { "aws:SourceArn": PIPES } },
    }),
  ],
  [
    "compare the pattern as text",
    trust({ Condition: { StringEquals: { ...SOURCE, "aws:SourceArn": PIPES } } }),
  ],
  ["trust EventBridge", trust({ Principal: { Service: ["pipes.amazonaws.com", "events.amazonaws.com"] } })],
  ["trust the account", trust({ Principal: { AWS: CUSTOMER }, Condition: undefined })],
  ["trust everyone", trust({ Principal: "*", Condition: undefined })],
];

describe("the decisions of the guard's documents", () => {
  it("let its pipe read the stream and write lines, and nothing else", async () => {
    expect(await problemsOf(await guardWith({}), ALLOWED)).to.deep.equal([]);
    expect(await problemsOf(await guardWithKey(), WITH_KEY)).to.deep.equal([]);
  });

  it("cover every action of the services, and everything that is allowed", async () => {
    const actions = (await knownActions(SERVICES)).map(({ service: of, name }) => `${of}:${name}`);
    expect(Object.keys(WITH_KEY).filter((action) => !actions.includes(action))).to.deep.equal([]);
    const text = readDocument("docs/proven.md");
    expect(text).to.include(`${actions.length} actions of Kinesis, IAM, STS, KMS, CloudWatch Logs and Pipes`);
    expect(text).to.include(`each of ${MISTAKES.length} wrong versions of the guard's`);
  });

  for (const [mistake, change] of MISTAKES) {
    it(`are wrong when they ${mistake}`, async () => {
      const right = await guardWithKey();
      const wrong = structuredClone(right);
      change(wrong);
      expect(wrong, "the mutation changes nothing").to.not.deep.equal(right);
      expect(await problemsOf(wrong, WITH_KEY, 1)).to.not.deep.equal([]);
    });
  }

  after(() => console.log(`      ${decided} decisions`));
});
