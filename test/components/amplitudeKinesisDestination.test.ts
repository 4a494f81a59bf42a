import { setImmediate as turn } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { type AmplitudeKinesisDestinationArgs, StreamMode } from "../../components/index";
import { requireAccount } from "../../components/region";
import { render, renderedInputs, resolvedValue, settle } from "./rendered";

describe("AmplitudeKinesisDestination", () => {
  afterEach(settle);

  it("consists of a stream, a role, a policy and its attachment, named after it", async () => {
    const { resources } = await renderedInputs("acme", {});
    expect(resources.map(({ type, name }) => `${type} ${name}`)).to.have.members([
      "amplitude-kinesis:index:AmplitudeKinesisDestination acme",
      "aws:kinesis/stream:Stream acme-stream",
      "aws:iam/role:Role acme-role",
      "aws:iam/policy:Policy acme-policy",
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment acme-attachment",
    ]);
  });

  it("creates an encrypted ON_DEMAND stream with seven days of retention by default", async () => {
    const { stream } = await renderedInputs("acme", {});
    expect(stream).to.deep.equal({
      streamModeDetails: { streamMode: "ON_DEMAND" },
      retentionPeriod: 168,
      encryptionType: "KMS",
      kmsKeyId: "alias/aws/kinesis",
      tags: { "amplitude-kinesis:destination": "acme" },
    });
  });

  it("uses the same defaults for inputs that resolve to undefined", async () => {
    const none = pulumi.output<undefined>(undefined);
    const later = {
      streamName: none,
      streamMode: none,
      shardCount: none,
      retentionHours: none,
      maxRecordSizeKib: none,
      shardLevelMetrics: none,
      kmsKeyArn: none,
      roleName: none,
      rolePath: none,
      maxSessionSeconds: none,
      permissionsBoundaryArn: none,
      externalId: none,
      amplitudeAccountId: none,
      amplitudePrincipalArns: none,
      amplitudePrincipalArnPatterns: none,
      testPrincipalArns: none,
      tags: none,
    };
    // Like the outputs of a StackReference, which are untyped.
    const { stream, role, policy } = await renderedInputs(
      "acme",
      later as unknown as AmplitudeKinesisDestinationArgs,
    );
    const known = await renderedInputs("acme", {});
    expect([stream, role, policy]).to.deep.equal([known.stream, known.role, known.policy]);
  });

  it("trusts only Amplitude's account, for sessions of an hour", async () => {
    const { role } = await renderedInputs("acme", {});
    expect(role.maxSessionDuration).to.equal(3600);
    expect(role.name).to.equal(undefined);
    const [statement, ...more] = JSON.parse(role.assumeRolePolicy).Statement;
    expect(more).to.deep.equal([]);
    expect(statement.Principal).to.deep.equal({ AWS: "arn:aws:iam::358203115967:root" });
  });

  it("writes the ARNs of the stream and the role into the policy, and attaches it to the role", async () => {
    const { policy, attachment } = await renderedInputs("acme", {});
    const resources = JSON.parse(policy.policy).Statement.map(
      ({ Resource }: { Resource: string }) => Resource,
    );
    expect(resources).to.deep.equal([
      "arn:aws:kinesis:us-east-1:111122223333:stream/acme-stream-0a1b2c3",
      "arn:aws:iam::111122223333:role/acme-role-0a1b2c3",
    ]);
    expect(attachment).to.deep.equal({
      role: "acme-role-0a1b2c3",
      policyArn: "arn:aws:iam::111122223333:policy/acme-policy-0a1b2c3",
    });
  });

  it("passes every input to its resource", async () => {
    const { stream, role, policy } = await renderedInputs("acme", {
      streamName: "events",
      streamMode: StreamMode.Provisioned,
      shardCount: 3,
      retentionHours: 48,
      maxRecordSizeKib: 2048,
      shardLevelMetrics: ["IncomingBytes"],
      maxSessionSeconds: 7200,
      kmsKeyArn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
      roleName: "amplitude",
      rolePath: "/vendors/",
      permissionsBoundaryArn: "arn:aws:iam::111122223333:policy/boundary",
      externalId: "acme-1",
      amplitudeAccountId: "202493300829",
      testPrincipalArns: ["arn:aws:iam::111122223333:user/tester"],
      tags: { team: "data" },
    });
    const tags = { "amplitude-kinesis:destination": "acme", team: "data" };
    expect(stream).to.deep.equal({
      name: "events",
      shardCount: 3,
      maxRecordSizeInKib: 2048,
      shardLevelMetrics: ["IncomingBytes"],
      streamModeDetails: { streamMode: "PROVISIONED" },
      retentionPeriod: 48,
      encryptionType: "KMS",
      kmsKeyId: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
      tags,
    });
    expect(role).to.include({
      maxSessionDuration: 7200,
      name: "amplitude",
      path: "/vendors/",
      permissionsBoundary: "arn:aws:iam::111122223333:policy/boundary",
    });
    const trust = JSON.parse(role.assumeRolePolicy).Statement;
    expect(trust.map(({ Principal }: { Principal: { AWS: string } }) => Principal.AWS)).to.deep.equal([
      "arn:aws:iam::202493300829:root",
      "arn:aws:iam::111122223333:user/tester",
    ]);
    expect(policy.path).to.equal("/vendors/");
    expect(JSON.parse(policy.policy).Statement).to.have.length(3);
    expect([role.tags, policy.tags]).to.deep.equal([tags, tags]);
  });

  it("trusts the given principals of Amplitude instead of its account", async () => {
    const principals = ["arn:aws:iam::358203115967:role/a", "arn:aws:iam::358203115967:role/b"];
    const { role } = await renderedInputs("acme", { amplitudePrincipalArns: principals });
    expect(JSON.parse(role.assumeRolePolicy).Statement[0].Principal.AWS).to.deep.equal(principals);
  });

  it("lets the provider complete a role's name if its prefix is given", async () => {
    const { role } = await renderedInputs("acme", { roleNamePrefix: "amplitude-" });
    expect(role.namePrefix).to.equal("amplitude-");
    expect(role).not.to.have.property("name");
  });

  it("uses an existing stream, and creates none", async () => {
    const existingStreamArn = "arn:aws:kinesis:eu-central-1:111122223333:stream/theirs";
    const { destination, resources } = await render("acme", { existingStreamArn });
    const values = pulumi.all([destination.streamArn, destination.streamName, destination.region]);
    expect(await resolvedValue(values)).to.deep.equal([existingStreamArn, "theirs", "eu-central-1"]);
    expect(resources.map(({ type }) => type)).not.to.include("aws:kinesis/stream:Stream");
    const policy = resources.find(({ type }) => type === "aws:iam/policy:Policy");
    expect(JSON.parse(policy?.inputs.policy).Statement[0].Resource).to.equal(existingStreamArn);
  });

  it("rejects a stream in another account, and names the required account", () => {
    const other = "arn:aws:kinesis:eu-central-1:444455556666:stream/theirs";
    expect(() => requireAccount(other, "111122223333")).to.throw("not in the role's account 111122223333");
  });

  it("gives the stream a policy against requests without TLS on request", async () => {
    const { destination, resources } = await render("acme", { requireTls: true });
    await resolvedValue(destination.streamArn);
    const policy = resources.find(({ name }) => name === "acme-stream-policy");
    expect(policy?.type).to.equal("aws:kinesis/resourcePolicy:ResourcePolicy");
    expect(JSON.parse(policy?.inputs.policy).Statement[0].Resource).to.equal(policy?.inputs.resourceArn);
  });

  it("outputs the three values in Amplitude's form", async () => {
    const { destination } = await render("acme", { streamName: "events", roleName: "amplitude" });
    expect(await resolvedValue(destination.roleArn)).to.equal("arn:aws:iam::111122223333:role/amplitude");
    expect(await resolvedValue(destination.region)).to.equal("us-east-1");
    expect(await resolvedValue(destination.streamName)).to.equal("events");
  });

  for (const [event, pending] of [
    ["the write policy is attached", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"],
    ["the stream's TLS policy is created", "aws:kinesis/resourcePolicy:ResourcePolicy"],
  ] as const) {
    it(`resolves no output before ${event}`, async () => {
      const { destination, resources } = await render("acme", { requireTls: true }, { pending });
      const resolved: string[] = [];
      for (const name of ["roleArn", "region", "streamName", "streamArn", "roleName", "policyArn"] as const) {
        destination[name].apply(() => resolved.push(name));
      }
      // Not for both: Pulumi's mocks may register the other one only after the pending one.
      while (!resources.some(({ type }) => type === pending)) await turn();
      for (let turns = 0; turns < 100; turns += 1) await turn();
      expect(resolved).to.deep.equal([]);
      await settle();
      expect(resolved).to.have.length(6);
    });
  }
});
