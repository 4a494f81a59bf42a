import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import fc from "fast-check";
import type { AmplitudeKinesisDestinationArgs } from "../../components/index";
import { validateInputs } from "../../components/rules";
import { resolvedValue, settle } from "./rendered";

type Args = AmplitudeKinesisDestinationArgs;

/** Returns the rejected property paths. */
function rejected(args: Args, name = "acme"): string[] {
  try {
    validateInputs(name, args);
    return [];
  } catch (error) {
    if (!pulumi.InputPropertiesError.isInstance(error)) throw error;
    for (const { propertyPath, reason } of error.errors) {
      expect(error.message).to.include(`${propertyPath}: ${reason}`);
    }
    return error.errors.map(({ propertyPath }) => propertyPath);
  }
}

const EXISTING = "arn:aws:kinesis:us-east-1:111122223333:stream/events";

function circular(): object {
  const map: Record<string, unknown> = {};
  map.self = map;
  return map;
}

/** Values from callers without type checks. */
const untyped = (args: Record<string, unknown>) => args as Args;

describe("the component's inputs", () => {
  const valid: Args[] = [
    {},
    { streamName: "a" },
    { existingStreamArn: "arn:aws:kinesis:eu-central-1:111122223333:stream/events" },
    { existingStreamArn: "arn:aws:kinesis:us-east-1:111122223333:stream/e", retainStream: false },
    { requireTls: true },
    { amplitudePrincipalArnPatterns: ["arn:aws:iam::358203115967:role/export-*"] },
    {
      amplitudeAccountId: "202493300829",
      amplitudePrincipalArnPatterns: ["arn:aws:iam::202493300829:user/?"],
    },
    { streamName: "A_b.c-9".padEnd(128, "x") },
    { streamMode: "PROVISIONED", shardCount: 1 },
    { retentionHours: 24 },
    { retentionHours: 8760 },
    { maxRecordSizeKib: 10_240 },
    { maxSessionSeconds: 43_200 },
    { shardLevelMetrics: ["IncomingBytes", "IteratorAgeMilliseconds"] },
    { retainStream: true },
    { kmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab" },
    { roleName: "R+=,.@-_".padEnd(64, "x") },
    { roleNamePrefix: "x".repeat(38) },
    { rolePath: "/" },
    { rolePath: "/vendors/amplitude/" },
    { permissionsBoundaryArn: "arn:aws:iam::aws:policy/PowerUserAccess" },
    { externalId: "ab" },
    { externalId: "a:/b@c".padEnd(1224, "x") },
    { amplitudeAccountId: "202493300829" },
    { amplitudePrincipalArns: ["arn:aws:iam::358203115967:role/path/name"] },
    { testPrincipalArns: [] },
    { testPrincipalArns: ["arn:aws:iam::111122223333:user/tester"] },
    { alarms: {} },
    { alarms: { actionArns: [], silenceMinutes: 1, throttledMinutes: 1440 } },
    { alarms: { actionArns: ["arn:aws:sns:eu-west-1:111122223333:on-call"], silenceMinutes: 1440 } },
    { alarms: { actionArns: ["arn:aws:ssm-incidents::111122223333:response-plan/on-call"] } },
    { alarms: { actionArns: ["arn:aws:lambda:eu-west-1:111122223333:function:on-call"] } },
    { alarms: { capacityShards: 4, capacityPercent: 100 } },
    { streamMode: "PROVISIONED", shardCount: 2, alarms: { capacityPercent: 1 } },
    { guard: { projectIds: [100011471] } },
    { guard: { projectIds: Array.from({ length: 50 }, (_, index) => index + 1), logRetentionDays: 3653 } },
    { guard: { projectIds: [1, Number.MAX_SAFE_INTEGER], logRetentionDays: 1, actionArns: [] } },
    { guard: { projectIds: [1], actionArns: ["arn:aws:sns:eu-west-1:111122223333:on-call"] } },
    { tags: { "cost center": "a+b=c@d/é" } },
  ];
  for (const args of valid) {
    it(`accept ${JSON.stringify(args).slice(0, 100)}`, () => expect(rejected(args)).to.deep.equal([]));
  }

  it("take null for an input that is not set", () => {
    const unset = { streamName: null, shardCount: null, retainStream: null, alarms: null };
    expect(validateInputs("acme", untyped({ ...unset, tags: { team: null, owner: "data" } }))).to.deep.equal({
      tags: { owner: "data" },
    });
    expect(rejected(untyped({ alarms: { silenceMinutes: null } }))).to.deep.equal([]);
  });

  const messages: [string, Record<string, unknown>, string][] = [
    [
      "suggest the nearest input",
      { retentionhours: 24 },
      "retentionhours: unknown input; did you mean retentionHours?",
    ],
    [
      "suggest the nearest input of the alarms",
      { alarms: { silentMinutes: 5 } },
      "did you mean silenceMinutes?",
    ],
    ["list all inputs if none is near", { hours: 24 }, "unknown input; expected one of"],
    [
      "name all metrics",
      { shardLevelMetrics: ["ALL"] },
      '"ALL" must be one of IncomingBytes, IncomingRecords',
    ],
    ["show what a flag was given", { retainStream: "yes" }, 'retainStream: "yes" must be a boolean'],
    ["show what a map was given", { alarms: true }, "alarms: true must be a map"],
    [
      "show a date that is not a map",
      { tags: new Date(0) },
      'tags: "1970-01-01T00:00:00.000Z" must be a map',
    ],
    ["reject a date for the alarms", { alarms: new Date(0) }, "alarms: "],
    [
      "say that a tag must be a string",
      { tags: { costCenter: 4711 } },
      'tags["costCenter"]: 4711 must be a string',
    ],
  ];
  for (const [behavior, args, message] of messages) {
    it(behavior, () => expect(() => validateInputs("acme", untyped(args))).to.throw(message));
  }

  it("are rejected with a typed error that Pulumi prints without a stack trace", () => {
    try {
      validateInputs("acme", { retentionHours: 5 });
      expect.fail("accepted");
    } catch (error) {
      expect(pulumi.InputPropertiesError.isInstance(error)).to.equal(true);
      expect(pulumi.RunError.isInstance(error)).to.equal(true);
      expect((error as Error).message.split("\n")).to.have.lengthOf(2);
    }
  });

  const invalid: [Args, string][] = [
    [{ streamName: "" }, "streamName"],
    [{ streamName: "a b" }, "streamName"],
    [{ streamName: "x".repeat(129) }, "streamName"],
    [untyped({ streamMode: "ONDEMAND" }), "streamMode"],
    [{ streamMode: "PROVISIONED" }, "shardCount"],
    [{ streamMode: "ON_DEMAND", shardCount: 1 }, "shardCount"],
    [{ shardCount: 2 }, "shardCount"],
    [{ streamMode: "PROVISIONED", shardCount: 0 }, "shardCount"],
    [{ streamMode: "PROVISIONED", shardCount: 1.5 }, "shardCount"],
    [{ retentionHours: 23 }, "retentionHours"],
    [{ retentionHours: 8761 }, "retentionHours"],
    [untyped({ retentionHours: "24" }), "retentionHours"],
    [{ maxRecordSizeKib: 1023 }, "maxRecordSizeKib"],
    [{ maxRecordSizeKib: 10_241 }, "maxRecordSizeKib"],
    [{ maxSessionSeconds: 3599 }, "maxSessionSeconds"],
    [{ maxSessionSeconds: 43_201 }, "maxSessionSeconds"],
    [{ shardLevelMetrics: ["IncomingBytes", "ALL"] }, "shardLevelMetrics[1]"],
    [untyped({ retainStream: "yes" }), "retainStream"],
    [{ kmsKeyArn: "alias/aws/kinesis" }, "kmsKeyArn"],
    [{ kmsKeyArn: "arn:aws:kms:us-east-1:111122223333:alias/mine" }, "kmsKeyArn"],
    [{ roleName: "a/b" }, "roleName"],
    [{ roleName: "x".repeat(65) }, "roleName"],
    [{ roleNamePrefix: "x".repeat(39) }, "roleNamePrefix"],
    [{ roleNamePrefix: "a/b" }, "roleNamePrefix"],
    [{ roleName: "a", roleNamePrefix: "a" }, "roleNamePrefix"],
    [{ rolePath: "vendors/" }, "rolePath"],
    [{ rolePath: "/vendors" }, "rolePath"],
    [{ rolePath: `/${"x".repeat(511)}/` }, "rolePath"],
    [{ rolePath: "/team:x/" }, "rolePath"],
    [{ rolePath: "/a//b/" }, "rolePath"],
    [{ permissionsBoundaryArn: "boundary" }, "permissionsBoundaryArn"],
    [{ externalId: "a" }, "externalId"],
    [{ externalId: "x".repeat(1225) }, "externalId"],
    [{ externalId: "a b" }, "externalId"],
    [{ amplitudeAccountId: "35820311596" }, "amplitudeAccountId"],
    [untyped({ amplitudeAccountId: 358203115967 }), "amplitudeAccountId"],
    [{ amplitudePrincipalArns: [] }, "amplitudePrincipalArns"],
    [{ amplitudePrincipalArns: ["*"] }, "amplitudePrincipalArns[0]"],
    [
      { amplitudePrincipalArns: ["arn:aws:iam::358203115967:root", "arn:aws:iam::358203115967:role/*"] },
      "amplitudePrincipalArns[1]",
    ],
    [
      { amplitudePrincipalArns: ["arn:aws:iam::358203115967:root"], amplitudeAccountId: "202493300829" },
      "amplitudePrincipalArns",
    ],
    [{ testPrincipalArns: ["arn:aws:sts::111122223333:assumed-role/r/session"] }, "testPrincipalArns[0]"],
    [untyped({ testPrincipalArns: "arn:aws:iam::111122223333:root" }), "testPrincipalArns"],
    [{ existingStreamArn: "events" }, "existingStreamArn"],
    [{ existingStreamArn: "arn:aws-cn:kinesis:cn-north-1:111122223333:stream/e" }, "existingStreamArn"],
    [
      { existingStreamArn: "arn:aws:kinesis:us-east-1:111122223333:stream/e/consumer/c:1" },
      "existingStreamArn",
    ],
    [{ existingStreamArn: EXISTING, streamName: "events" }, "streamName"],
    [{ existingStreamArn: EXISTING, retentionHours: 24 }, "retentionHours"],
    [{ existingStreamArn: EXISTING, streamMode: "ON_DEMAND" }, "streamMode"],
    [{ existingStreamArn: EXISTING, maxRecordSizeKib: 2048 }, "maxRecordSizeKib"],
    [{ existingStreamArn: EXISTING, shardLevelMetrics: [] }, "shardLevelMetrics"],
    [{ existingStreamArn: EXISTING, retainStream: true }, "retainStream"],
    [{ existingStreamArn: EXISTING, requireTls: true }, "requireTls"],
    [untyped({ requireTls: "yes" }), "requireTls"],
    [{ amplitudePrincipalArnPatterns: [] }, "amplitudePrincipalArnPatterns"],
    [{ amplitudePrincipalArnPatterns: ["*"] }, "amplitudePrincipalArnPatterns[0]"],
    [{ amplitudePrincipalArnPatterns: ["arn:aws:iam::*:role/x"] }, "amplitudePrincipalArnPatterns[0]"],
    [
      { amplitudePrincipalArnPatterns: ["arn:aws:iam::444455556666:role/x"] },
      "amplitudePrincipalArnPatterns[0]",
    ],
    [{ tags: { "aws:x": "y" } }, 'tags["aws:x"]'],
    [{ tags: { "amplitude-kinesis:destination": "y" } }, 'tags["amplitude-kinesis:destination"]'],
    [{ tags: { Team: "a", team: "b" } }, 'tags["team"]'],
    [
      {
        testPrincipalArns: Array.from({ length: 2 }, () => "arn:aws:iam::111122223333:root"),
      },
      "testPrincipalArns[1]",
    ],
    [
      {
        testPrincipalArns: Array.from(
          { length: 90 },
          (_, index) => `arn:aws:iam::1111222233${index + 10}:root`,
        ),
        externalId: "x".repeat(1224),
      },
      "testPrincipalArns",
    ],
    [untyped({ alarms: true }), "alarms"],
    [untyped({ alarms: ["silence"] }), "alarms"],
    [untyped({ alarms: { silence: 5 } }), "alarms.silence"],
    [{ alarms: { silenceMinutes: 0 } }, "alarms.silenceMinutes"],
    [{ alarms: { silenceMinutes: 1441 } }, "alarms.silenceMinutes"],
    [{ alarms: { throttledMinutes: 1.5 } }, "alarms.throttledMinutes"],
    [{ alarms: { capacityShards: 0 } }, "alarms.capacityShards"],
    [{ alarms: { capacityShards: 2, capacityPercent: 101 } }, "alarms.capacityPercent"],
    [{ alarms: { capacityPercent: 50 } }, "alarms.capacityPercent"],
    [{ streamMode: "PROVISIONED", shardCount: 2, alarms: { capacityShards: 2 } }, "alarms.capacityShards"],
    [untyped({ alarms: { actionArns: "on-call" } }), "alarms.actionArns"],
    [{ alarms: { actionArns: ["on-call"] } }, "alarms.actionArns[0]"],
    [
      {
        alarms: {
          actionArns: Array.from({ length: 6 }, (_, n) => `arn:aws:sns:us-east-1:111122223333:t${n}`),
        },
      },
      "alarms.actionArns",
    ],
    [{ alarms: { actionArns: ["arn:aws:sns::111122223333:on-call"] } }, "alarms.actionArns[0]"],
    [{ alarms: { actionArns: ["arn:aws:sns:us-east-1::on-call"] } }, "alarms.actionArns[0]"],
    [{ alarms: { actionArns: ["arn:aws:sns:us-east-1:111122223333:on call"] } }, "alarms.actionArns[0]"],
    [{ alarms: { actionArns: ["arn:aws:sns:us-east-1:111122223333:topic:sub"] } }, "alarms.actionArns[0]"],
    [{ alarms: { actionArns: ["arn:aws-cn:sns:cn-north-1:111122223333:on-call"] } }, "alarms.actionArns[0]"],
    [untyped({ guard: true }), "guard"],
    [untyped({ guard: {} }), "guard.projectIds"],
    [untyped({ guard: { projectIds: 5 } }), "guard.projectIds"],
    [{ guard: { projectIds: [] } }, "guard.projectIds"],
    [{ guard: { projectIds: Array.from({ length: 51 }, (_, index) => index + 1) } }, "guard.projectIds"],
    [{ guard: { projectIds: [1, 2, 1] } }, "guard.projectIds[2]"],
    [{ guard: { projectIds: [0] } }, "guard.projectIds[0]"],
    [{ guard: { projectIds: [1.5] } }, "guard.projectIds[0]"],
    [{ guard: { projectIds: [2 ** 53] } }, "guard.projectIds[0]"],
    [untyped({ guard: { projectIds: ["100011471"] } }), "guard.projectIds[0]"],
    [untyped({ guard: { projectIds: [1], ids: [1] } }), "guard.ids"],
    [{ guard: { projectIds: [1], logRetentionDays: 2 } }, "guard.logRetentionDays"],
    [{ guard: { projectIds: [1], actionArns: ["on-call"] } }, "guard.actionArns[0]"],
    [
      {
        existingStreamArn: EXISTING,
        guard: { projectIds: [1], actionArns: ["arn:aws:sns:eu-west-1:111122223333:on-call"] },
      },
      "guard.actionArns[0]",
    ],
    [{ kmsKeyArn: "arn:aws:kms:us-east-1:111122223333:key/1234" }, "kmsKeyArn"],
    [
      { kmsKeyArn: "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab" },
      "kmsKeyArn",
    ],
    [
      { existingStreamArn: EXISTING, alarms: { actionArns: ["arn:aws:sns:eu-west-1:111122223333:on-call"] } },
      "alarms.actionArns[0]",
    ],
    [
      { alarms: { actionArns: Array.from({ length: 2 }, () => "arn:aws:sns:us-east-1:111122223333:t") } },
      "alarms.actionArns[1]",
    ],
    [{ tags: { "": "y" } }, 'tags[""]'],
    [{ tags: { k: "v".repeat(257) } }, 'tags["k"]'],
    [untyped({ tags: { k: 1 } }), 'tags["k"]'],
    [untyped({ tags: ["k"] }), "tags"],
    [{ tags: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, "v"])) }, "tags"],
    [untyped({ retentionPeriod: 24 }), "retentionPeriod"],
    [
      {
        existingStreamArn: EXISTING,
        kmsKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
      },
      "kmsKeyArn",
    ],
    [
      { permissionsBoundaryArn: `arn:aws:iam::111122223333:policy/${"x".repeat(641)}` },
      "permissionsBoundaryArn",
    ],
    [{ testPrincipalArns: ["arn:aws:iam::111122223333:role/path/"] }, "testPrincipalArns[0]"],
  ];
  for (const [args, path] of invalid) {
    it(`reject ${JSON.stringify(args).slice(0, 100)}, at ${path}`, () =>
      expect(rejected(args)).to.deep.equal([path]));
  }

  it("are rejected all at once inside the guard", () => {
    const guard = { projectIds: [0, 1.5], logRetentionDays: 2, actionArns: ["on-call"] };
    const paths = ["projectIds[0]", "projectIds[1]", "actionArns[0]", "logRetentionDays"];
    expect(rejected({ guard })).to.deep.equal(paths.map((path) => `guard.${path}`));
  });

  it("leave a resource name of 32 characters with a guard, which names a second role", () => {
    const args: Args = { roleName: "amplitude", guard: { projectIds: [1] } };
    expect(rejected(args, "x".repeat(32))).to.deep.equal([]);
    expect(rejected(args, "x".repeat(33))).to.deep.equal(["name"]);
  });

  for (const input of ["retainStream", "requireTls", "alarms", "guard", "adopt"]) {
    it(`that must be plain values are rejected as an Output, a secret or a promise: ${input}`, () => {
      for (const value of [pulumi.output({}), pulumi.secret({ a: "hidden" }), Promise.resolve({})]) {
        expect(() => validateInputs("acme", untyped({ [input]: value })))
          .to.throw(new RegExp(`^[^\n]* 1 invalid input:\n  ${input}: must be a plain [^\n]*$`))
          .and.not.to.match(/hidden/);
      }
    });
  }

  it("are rejected as a whole if they are an Output, and without a resource name", () => {
    for (const args of [pulumi.output({}), Promise.resolve({})]) {
      expect(() => validateInputs("acme", args as Args)).to.throw("args: must be a plain map");
    }
    for (const name of [null, 5]) {
      expect(() => validateInputs(name as unknown as string, {})).to.throw(`name: ${name} must be 1 to 38`);
    }
  });

  it("are rejected all at once", () => {
    const paths = rejected({ streamName: "", retentionHours: 1, externalId: "x", tags: { "aws:a": "b" } });
    expect(paths).to.have.members(["streamName", "retentionHours", "externalId", 'tags["aws:a"]']);
  });

  it("require a resource name that can begin the names of the stream and the role", () => {
    expect(rejected({}, "acme corp")).to.deep.equal(["name"]);
    expect(rejected({}, "x".repeat(39))).to.deep.equal(["name"]);
    expect(rejected({}, "x".repeat(38))).to.deep.equal([]);
    expect(rejected({ roleName: "r" }, "x".repeat(39))).to.deep.equal([]);
    expect(rejected({ roleNamePrefix: "r" }, "x".repeat(39))).to.deep.equal([]);
  });

  it("keep the service's bounds for every number of hours", () => {
    fc.assert(
      fc.property(fc.integer({ min: -10_000, max: 20_000 }), (retentionHours) => {
        const isValid = retentionHours >= 24 && retentionHours <= 8760;
        expect(rejected({ retentionHours })).to.deep.equal(isValid ? [] : ["retentionHours"]);
      }),
    );
  });

  it("keep the service's bounds for every number of minutes", () => {
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 3_000 }), (silenceMinutes) => {
        const isValid = silenceMinutes >= 1 && silenceMinutes * 60 <= 86_400;
        expect(rejected({ alarms: { silenceMinutes } })).to.deep.equal(
          isValid ? [] : ["alarms.silenceMinutes"],
        );
      }),
    );
  });

  it("keep the service's alphabet and length for every stream name", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 140, unit: "binary" }), (streamName) => {
        const isValid = /^[\w.-]+$/.test(streamName) && streamName.length <= 128;
        expect(rejected({ streamName })).to.deep.equal(isValid ? [] : ["streamName"]);
      }),
    );
  });

  const untypedValues: [string, unknown][] = [
    ["NaN", Number.NaN],
    ["24n", 24n],
    ["-Infinity", -Infinity],
    ["a symbol", Symbol("s")],
    ["a map that contains itself", circular()],
    ["an object without a prototype", Object.create(null)],
  ];
  for (const [words, value] of untypedValues) {
    it(`of the wrong type are rejected: ${words}`, () => {
      for (const input of ["streamName", "retentionHours", "testPrincipalArns"]) {
        expect(rejected(untyped({ [input]: value })), input).to.deep.equal([input]);
        expect(rejected(untyped({ testPrincipalArns: [value] }))).to.deep.equal(["testPrincipalArns[0]"]);
      }
      expect(rejected(untyped({ tags: { team: value } }))).to.deep.equal(['tags["team"]']);
    });
  }

  it("show NaN as NaN", () => {
    const args: Args = { retentionHours: Number.NaN };
    expect(() => validateInputs("acme", args)).to.throw("retentionHours: NaN must be");
  });

  it("are rejected if they are not a map", () => {
    for (const args of [null, "streamName", ["streamName"], 5]) {
      expect(rejected(args as unknown as Args)).to.deep.equal(["args"]);
    }
  });

  it("reject holes in lists", () => {
    const testPrincipalArns = new Array<string>(2);
    testPrincipalArns[1] = "arn:aws:iam::111122223333:root";
    expect(rejected({ testPrincipalArns })).to.deep.equal(["testPrincipalArns[0]"]);
  });

  it("are validated in time for a long list", () => {
    const account = (index: number) => `arn:aws:iam::${100_000_000_000 + index}:root`;
    const testPrincipalArns = Array.from({ length: 30_000 }, (_, index) => account(index));
    expect(rejected({ testPrincipalArns })).to.deep.equal(["testPrincipalArns"]);
  });

  it("are returned unchanged if they are valid", () => {
    const args: Args = { streamName: "events", tags: { a: "b" } };
    expect(validateInputs("acme", args)).to.deep.equal(args);
  });
});

describe("an input that is known later", () => {
  before(async () => {
    await settle();
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) });
  });

  it("is returned if it is valid", async () => {
    const { streamName } = validateInputs("acme", { streamName: pulumi.output("events") });
    expect(await resolvedValue(pulumi.output(streamName))).to.equal("events");
  });

  it("leaves the others known at once", () => {
    const checked = validateInputs("acme", { streamName: "events", kmsKeyArn: pulumi.output("bad") });
    expect(checked.streamName).to.equal("events");
  });

  const late: [string, Args, keyof Args, string][] = [
    ["is rejected in its own chain", { streamName: pulumi.output("a b") }, "streamName", "streamName"],
    [
      "is rejected as a promise too",
      { retentionHours: Promise.resolve(1) },
      "retentionHours",
      "retentionHours",
    ],
    [
      "is rejected as an item of a list",
      { testPrincipalArns: [pulumi.output("*")] },
      "testPrincipalArns",
      "testPrincipalArns[0]",
    ],
    [
      "is rejected together with a known one",
      { streamMode: "ON_DEMAND", shardCount: pulumi.output(2) },
      "shardCount",
      "shardCount",
    ],
  ];
  it("is rejected inside the alarms, whose names stay known", async () => {
    const { alarms } = validateInputs("acme", { alarms: { silenceMinutes: pulumi.output(0) } });
    expect(alarms).to.have.all.keys("silenceMinutes");
    const error = await rejectionOf(pulumi.output(alarms?.silenceMinutes));
    expect(String(error)).to.include("alarms.silenceMinutes: 0 must be an integer from 1 to 1440 (minutes)");
  });

  it("is rejected inside the guard, together with its other ids", async () => {
    const { guard } = validateInputs("acme", { guard: { projectIds: [1, pulumi.output(0)] } });
    const error = await rejectionOf(pulumi.output(guard?.projectIds));
    expect(String(error)).to.include("guard.projectIds[1]: 0 must be a positive integer");
  });

  it("is not shown if it is secret", async () => {
    const principal = "the secret*";
    const secrets: [Args, keyof Args, string][] = [
      [{ externalId: pulumi.secret("the secret") }, "externalId", "must be 2 to 1224"],
      [{ testPrincipalArns: pulumi.secret([principal]) }, "testPrincipalArns", "must be the ARN"],
      [{ testPrincipalArns: [pulumi.secret(principal)] }, "testPrincipalArns", "must be the ARN"],
      [{ tags: { a: pulumi.secret("the secret;") } }, "tags", "must be at most 256"],
    ];
    for (const [args, property, rule] of secrets) {
      const message = String(await rejectionOf(pulumi.output(validateInputs("acme", args)[property])));
      expect(message).to.include(`a secret value ${rule}`).and.not.to.include("the secret");
    }
    const open = validateInputs("acme", { externalId: pulumi.output("no secret") });
    expect(String(await rejectionOf(pulumi.output(open.externalId)))).to.include('"no secret" must be');
  });

  it("stays secret if it is valid", async () => {
    const { externalId } = validateInputs("acme", { externalId: pulumi.secret("acme-1") });
    expect(await pulumi.isSecret(pulumi.output(externalId))).to.equal(true);
  });

  for (const [behavior, args, property, path] of late) {
    it(behavior, async () => {
      const gated = pulumi.output(validateInputs("acme", args)[property]);
      const error = await rejectionOf(gated);
      expect(
        pulumi.InputPropertiesError.isInstance(error) && error.errors.map(({ propertyPath }) => propertyPath),
      ).to.deep.equal([path]);
    });
  }
});

/** An Output's own promise is not public; the error surfaces where a resource would await it. */
async function rejectionOf(output: pulumi.Output<unknown>): Promise<unknown> {
  const internals = output as unknown as { promise(): Promise<unknown> };
  return internals.promise().then(
    () => undefined,
    (error: unknown) => error,
  );
}
