import { expect } from "chai";
import type { Autonaming } from "../../../../sandbox/pulumi/provider/check";
import { check } from "../../../../sandbox/pulumi/provider/check";
import { configurationFailures, configurationOf } from "../../../../sandbox/pulumi/provider/configuration";
import { areSamePolicies, diff } from "../../../../sandbox/pulumi/provider/diff";
import { plannedCreate, plannedUpdate } from "../../../../sandbox/pulumi/provider/lifecycle";
import { policyType } from "../../../../sandbox/pulumi/provider/policy";
import { type Properties, UNKNOWN } from "../../../../sandbox/pulumi/provider/properties";
import type { ResourceType } from "../../../../sandbox/pulumi/provider/resourceType";
import { roleType } from "../../../../sandbox/pulumi/provider/role";
import { streamType } from "../../../../sandbox/pulumi/provider/stream";
import { typeOf } from "../../../../sandbox/pulumi/provider/types";
import { AMPLITUDE, allowing, trusting } from "./inputs";

const trust = trusting(AMPLITUDE);

function checkedBy(
  type: ResourceType,
  news: Properties,
  more: { olds?: Properties; autonaming?: Autonaming; name?: string; seed?: string } = {},
) {
  const { olds = {}, autonaming, name = "thing", seed = "seed" } = more;
  return check(type, { logicalName: name, news, olds, seed: Buffer.from(seed), autonaming });
}

describe("the provider's check", () => {
  it("rejects an unsupported property, by name", () => {
    const { failures } = checkedBy(streamType, { warmThroughputMibPs: 10, color: "blue" });
    expect(failures.map(({ reason }) => reason)).to.deep.equal([
      "the sandbox's provider does not support property warmThroughputMibPs of aws:kinesis/stream:Stream",
      "the sandbox's provider does not support property color of aws:kinesis/stream:Stream",
    ]);
    expect(() => typeOf("aws:s3/bucket:Bucket")).to.throw(/does not support the type aws:s3\/bucket:Bucket/);
  });

  it("fills in the real provider's defaults, and says which they are", () => {
    const { inputs } = checkedBy(streamType, { name: "events" });
    expect(inputs).to.deep.equal({
      name: "events",
      retentionPeriod: 24,
      encryptionType: "NONE",
      enforceConsumerDeletion: false,
      __defaults: ["encryptionType", "enforceConsumerDeletion", "retentionPeriod"],
    });
  });

  const failing: [string, ResourceType, Properties, string][] = [
    ["a number for a string", roleType, { assumeRolePolicy: trust, description: 5 }, "description"],
    ["a missing document", policyType, {}, "policy"],
    ["a document that isn't JSON", policyType, { policy: "{" }, "policy"],
    [
      "shards on demand",
      streamType,
      { streamModeDetails: { streamMode: "ON_DEMAND" }, shardCount: 2 },
      "shardCount",
    ],
    [
      "an unknown mode",
      streamType,
      { streamModeDetails: { streamMode: "FAST" } },
      "streamModeDetails.streamMode",
    ],
    ["an unknown encryption", streamType, { encryptionType: "AES" }, "encryptionType"],
    ["23 hours", streamType, { retentionPeriod: 23 }, "retentionPeriod"],
    ["8761 hours", streamType, { retentionPeriod: 8761 }, "retentionPeriod"],
    ["an unknown metric", streamType, { shardLevelMetrics: ["ALL"] }, "shardLevelMetrics"],
    [
      "a session of a minute",
      roleType,
      { assumeRolePolicy: trust, maxSessionDuration: 60 },
      "maxSessionDuration",
    ],
    ["65 characters of a role's name", roleType, { assumeRolePolicy: trust, name: "r".repeat(65) }, "name"],
    ["a space in a stream's name", streamType, { name: "my stream" }, "name"],
    ["a name and a prefix", roleType, { assumeRolePolicy: trust, name: "a", namePrefix: "b" }, "namePrefix"],
    ["a long prefix", roleType, { assumeRolePolicy: trust, namePrefix: "p".repeat(39) }, "namePrefix"],
  ];
  for (const [what, type, news, property] of failing) {
    it(`rejects ${what}`, () => {
      expect(checkedBy(type, news).failures.map((failure) => failure.property)).to.deep.equal([property]);
    });
  }

  it("accepts values that aren't known yet", () => {
    const news = { name: UNKNOWN, retentionPeriod: UNKNOWN, tags: { a: UNKNOWN } };
    expect(checkedBy(streamType, news).failures).to.deep.equal([]);
  });

  it("accepts a policy document as an object too", () => {
    expect(checkedBy(policyType, { policy: JSON.parse(allowing("a:B")) }).inputs.policy).to.equal(
      allowing("a:B"),
    );
  });
});

describe("a resource's name", () => {
  const role = { assumeRolePolicy: trust };

  it("is the logical name with seven hexadecimal digits, the same for the same seed", () => {
    const { name } = checkedBy(roleType, role).inputs;
    expect(name).to.match(/^thing-[0-9a-f]{7}$/);
    expect(checkedBy(roleType, role).inputs.name).to.equal(name);
    expect(checkedBy(roleType, role, { seed: "other" }).inputs.name).not.to.equal(name);
  });

  it("stays once it was generated, and is generated again if a chosen name is removed", () => {
    const olds = checkedBy(roleType, role).inputs;
    expect(checkedBy(roleType, role, { olds, seed: "other" }).inputs.name).to.equal(olds.name);
    const chosen = checkedBy(roleType, { ...role, name: "chosen" }).inputs;
    expect(checkedBy(roleType, role, { olds: chosen }).inputs.name).to.match(/^thing-/);
  });

  it("is the engine's proposal if there is one, and must be given if naming is off", () => {
    const proposed = { proposedName: "thing-0123456789abcdef0123", mode: "propose" } as const;
    expect(checkedBy(roleType, role, { autonaming: proposed }).inputs.name).to.equal(proposed.proposedName);
    const { failures } = checkedBy(roleType, role, { autonaming: { proposedName: "", mode: "disable" } });
    expect(failures).to.deep.equal([
      { property: "name", reason: "automatic naming is disabled: set a name" },
    ]);
  });

  it("that would be too long with its suffix is rejected", () => {
    expect(
      checkedBy(roleType, role, { name: "r".repeat(57) }).failures.map(({ property }) => property),
    ).to.deep.equal(["name"]);
    expect(checkedBy(roleType, role, { name: "r".repeat(56) }).failures).to.deep.equal([]);
  });
});

describe("the provider's diff", () => {
  const state = { name: "events", retentionPeriod: 24, encryptionType: "NONE", tags: { a: "1" } };
  const inputs = { ...state, __defaults: [] };

  it("replaces a stream if its name or region changes, and creates the new one first", () => {
    expect(
      diff(streamType, { ...state, region: "us-east-1" }, { ...inputs, name: "other", region: "eu-west-1" }),
    ).to.deep.equal({
      properties: [
        { path: "name", property: "name", kind: "update", replaces: true },
        { path: "region", property: "region", kind: "update", replaces: true },
      ],
      deleteBeforeReplace: false,
    });
  });

  it("deletes the old resource first if both would have the same chosen name", () => {
    const policy = { name: "chosen", policy: allowing("a:B"), path: "/" };
    const moved = { ...policy, path: "/b/" };
    expect(diff(policyType, policy, { ...moved, __defaults: [] }).deleteBeforeReplace).to.equal(true);
    expect(diff(policyType, policy, { ...moved, __defaults: ["name"] }).deleteBeforeReplace).to.equal(false);
  });

  it("changes everything else in place, each tag by itself", () => {
    const { properties } = diff(streamType, state, {
      ...inputs,
      retentionPeriod: 48,
      tags: { "a:b": "2", a: "3" },
    });
    expect(properties).to.deep.equal([
      { path: "retentionPeriod", property: "retentionPeriod", kind: "update", replaces: false },
      { path: "tags.a", property: "tags", kind: "update", replaces: false },
      { path: 'tags["a:b"]', property: "tags", kind: "add", replaces: false },
    ]);
  });

  it("leaves properties that the program omits to the service", () => {
    const told = { ...state, streamModeDetails: { streamMode: "PROVISIONED" }, maxRecordSizeInKib: 1024 };
    expect(diff(streamType, told, inputs).properties).to.deep.equal([]);
  });

  it("treats an unknown value as a change", () => {
    expect(
      diff(streamType, state, { ...inputs, tags: UNKNOWN }).properties.map(({ path }) => path),
    ).to.deep.equal(["tags"]);
  });
});

describe("two policy documents", () => {
  const document = (statement: object) => JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  const base = { Effect: "Allow", Action: ["b:C", "a:B"], Resource: "*" };
  const same: [string, object, object][] = [
    ["the order of actions", base, { ...base, Action: ["a:B", "b:C"] }],
    ["the order of keys", base, { Resource: "*", Action: ["b:C", "a:B"], Effect: "Allow" }],
    ["a list of one", { ...base, Action: "a:B" }, { ...base, Action: ["a:B"] }],
    [
      "an account's id and its root",
      { Effect: "Allow", Principal: { AWS: "358203115967" } },
      { Effect: "Allow", Principal: { AWS: [AMPLITUDE] } },
    ],
    [
      "a condition's list of one",
      { ...base, Condition: { Bool: { "aws:SecureTransport": false } } },
      { ...base, Condition: { Bool: { "aws:SecureTransport": ["false"] } } },
    ],
  ];
  for (const [what, one, other] of same) {
    it(`are the same despite ${what}`, () =>
      expect(areSamePolicies(document(one), document(other))).to.equal(true));
  }
  const different: [string, object][] = [
    ["effect", { ...base, Effect: "Deny" }],
    ["action", { ...base, Action: ["a:B"] }],
    ["resource", { ...base, Resource: "arn:aws:kinesis:us-east-1:111122223333:stream/x" }],
    ["condition", { ...base, Condition: { StringEquals: { "sts:ExternalId": "x" } } }],
  ];
  for (const [what, other] of different) {
    it(`differ by their ${what}`, () =>
      expect(areSamePolicies(document(base), document(other))).to.equal(false));
  }
});

describe("a preview", () => {
  it("states the name, the region and the tags of a planned stream, and what is unknown", () => {
    const { inputs } = checkedBy(streamType, { name: "events", tags: { a: "1" } });
    const planned = plannedCreate({ region: "eu-west-1" } as never, streamType, inputs);
    expect(planned).to.deep.include({
      name: "events",
      region: "eu-west-1",
      tagsAll: { a: "1" },
      arn: UNKNOWN,
    });
    expect(planned).not.to.have.property("__defaults");
  });

  it("keeps the ARN of a stream that will change, and drops what the program removed", () => {
    const old = {
      arn: "arn",
      name: "events",
      shardLevelMetrics: ["IncomingBytes"],
      maxRecordSizeInKib: 1024,
    };
    const planned = plannedUpdate(streamType, old, { name: "events", retentionPeriod: 48 });
    expect(planned).to.deep.equal({
      arn: "arn",
      name: "events",
      retentionPeriod: 48,
      maxRecordSizeInKib: 1024,
      tagsAll: {},
    });
  });
});

describe("the provider's configuration", () => {
  it("is read as the engine encodes it: text, and JSON for everything else", () => {
    const settings = {
      region: "eu-west-1",
      accessKey: "AKIA",
      secretKey: "secret",
      endpoints: JSON.stringify([
        { kinesis: "http://127.0.0.1:1" },
        { iam: "http://127.0.0.1:2", sts: "http://127.0.0.1:3", s3: "x" },
      ]),
      skipCredentialsValidation: "true",
      version: "7.48.0",
    };
    expect(configurationOf(settings, {})).to.deep.equal({
      region: "eu-west-1",
      accessKey: "AKIA",
      secretKey: "secret",
      token: undefined,
      endpoints: { kinesis: "http://127.0.0.1:1", iam: "http://127.0.0.1:2", sts: "http://127.0.0.1:3" },
    });
  });

  it("falls back to the environment's region", () => {
    expect(configurationOf({}, { AWS_REGION: "eu-west-1" }).region).to.equal("eu-west-1");
  });

  const failing: [string, Properties, string][] = [
    ["a setting that it does not honor", { region: "x", defaultTags: { tags: { a: "1" } } }, "defaultTags"],
    ["no region at all", {}, "region"],
    ["half a pair of keys", { region: "x", accessKey: "AKIA" }, "accessKey"],
    ["endpoints that aren't a list", { region: "x", endpoints: "http://localhost" }, "endpoints"],
  ];
  for (const [what, settings, property] of failing) {
    it(`rejects ${what}`, () => {
      expect(configurationFailures(settings, {}).map((failure) => failure.property)).to.deep.equal([
        property,
      ]);
    });
  }
});
