import { join } from "node:path";
import { PutRecordCommand, UpdateShardCountCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import {
  DeliveryError,
  type EventSource,
  generateEvents,
  openExport,
  type VerifyOptions,
  verifyDelivery,
} from "../../../delivery";
import { assume, clientsOf, type Fixture, failureOf, sharedAws, trustOf } from "../../sandbox/aws/localAws";
import { attachVendorPolicy, type Deployment, deploy, recordsOf, VENDOR_ACTIONS } from "../deployment/deploy";
import { eventsOf } from "../events/eventsOf";

const AMPLITUDE = "arn:aws:iam::358203115967:root";
const EXPORT = join(__dirname, "..", "events", "export", "fixtures", "export.zip");

describe("verifyDelivery, against the sandbox", () => {
  let aws: Fixture;
  before(async () => {
    aws = await sharedAws();
  });
  after(() => aws.remove());

  /** As an operator who has Amplitude's credentials for sending, as only the sandbox gives them. */
  const verify = (outputs: Deployment, options: Partial<VerifyOptions> = {}) =>
    verifyDelivery({
      outputs,
      source: generateEvents({ events: 20 }),
      credentials: aws.principals.operator,
      senderCredentials: aws.principals.amplitude,
      endpoint: aws.endpoint,
      propagationSeconds: 0,
      timeoutSeconds: 10,
      settleMs: 100,
      pollMs: 50,
      ...options,
    });
  const asOperatorAlone = () => ({ senderCredentials: undefined, credentials: aws.principals.operator });

  describe("of a good deployment", () => {
    it("accounts for every event on the role's route", async () => {
      const outputs = await deploy(aws);
      const report = await verify(outputs, { source: generateEvents({ events: 700 }) });
      expect(report).to.include({ verdict: "verified", route: "role", ...outputs });
      expect(report).to.include({
        eventsSent: 700,
        eventsAcknowledged: 700,
        eventsDelivered: 700,
        deliveryRate: 1,
      });
      expect(report).to.include({
        eventsNotDelivered: 0,
        eventsCorrupted: 0,
        eventsUnknown: 0,
        eventsDuplicated: 0,
      });
      expect(report.findings).to.deep.equal([]);
      expect(
        report.shards.map(({ recordsRead }) => recordsRead).reduce((sum, count) => sum + count),
      ).to.equal(700);
      expect(
        report.shards.every(({ recordsRead, eventsAcknowledged }) => recordsRead === eventsAcknowledged),
      ).to.equal(true);
      expect(report.latencyInSeconds?.p50).to.be.within(0, report.durationInSeconds);
    });

    it("writes the bytes of an export's lines and nothing else", async () => {
      const outputs = await deploy(aws);
      const report = await verify(outputs, { source: await openExport(EXPORT) });
      expect(report).to.include({ verdict: "verified", eventsSent: 210 });
      const sent: string[] = [];
      for await (const { bytes } of eventsOf(await openExport(EXPORT))) sent.push(bytes.toString("latin1"));
      const stored = await recordsOf(aws, outputs.streamName);
      expect(stored.map(({ bytes }) => bytes.toString("latin1")).sort()).to.deep.equal(sent.sort());
    });

    it("takes the operator's route by itself if the operator can't assume the role, and says what that leaves open", async () => {
      const report = await verify(await deploy(aws), asOperatorAlone());
      expect(report).to.include({ verdict: "verified", route: "operator" });
      expect(report.proof.notProven.join()).to.include("really be assumed");
    });

    it("takes the role's route by itself if the operator is trusted", async () => {
      const trust = trustOf({ AWS: AMPLITUDE });
      const document = JSON.parse(trust);
      document.Statement.push({
        Effect: "Allow",
        Principal: { AWS: aws.principals.operator.arn },
        Action: "sts:AssumeRole",
      });
      const report = await verify(await deploy(aws, { trust: JSON.stringify(document) }), asOperatorAlone());
      expect(report).to.include({ verdict: "verified", route: "role" });
    });

    it("gives the external id that the role demands", async () => {
      const trust = trustOf(AMPLITUDE, { StringEquals: { "sts:ExternalId": "acme" } });
      const outputs = await deploy(aws, { trust });
      const report = await verify(outputs, { amplitudeExternalId: "acme" });
      expect(report).to.include({ verdict: "verified", route: "role" });
      expect(report.proof.notProven.join()).to.include("external id");
    });

    it("does not take the tester's external id for Amplitude's, which gives none", async () => {
      const trust = trustOf(AMPLITUDE, { StringEquals: { "sts:ExternalId": "acme" } });
      const report = await verify(await deploy(aws, { trust }), { externalId: "acme" });
      expect(report).to.include({ verdict: "failed", route: "role", eventsSent: 0 });
      expect(report.findings.map(({ code }) => code)).to.deep.equal(["amplitude-not-trusted"]);
      expect(report.proof.proves).to.deep.equal([]);
    });

    it("waits for a policy that is attached a moment later", async () => {
      const outputs = await deploy(aws, { statements: undefined });
      const steps = new Set<string>();
      const blind = await deploy(aws, {
        trust: trustOf(aws.principals.operator.arn),
        statements: () => [{ Effect: "Allow", Action: ["kinesis:*", "iam:GetRole"], Resource: "*" }],
      });
      // An operator who may not simulate can't tell a missing policy from one that has not spread yet.
      const credentials = await assume(aws, aws.principals.operator, blind.roleArn);
      const report = await verify(outputs, {
        credentials,
        propagationSeconds: 30,
        onProgress: ({ step }) => {
          if (step.includes("refused so far") && !steps.has(step)) void attachVendorPolicy(aws, outputs);
          steps.add(step);
        },
      });
      expect(report, JSON.stringify(report.findings)).to.include({ verdict: "verified", route: "role" });
      expect(
        [...steps].some((step) => step.startsWith("checking what the role may do: refused so far")),
      ).to.equal(true);
    });

    it("lets the write decide if a policy depends on what a simulation does not know", async () => {
      const statements = ({ streamArn, roleArn }: { streamArn: string; roleArn: string }) => [
        {
          Effect: "Allow",
          Action: VENDOR_ACTIONS,
          Resource: [streamArn, roleArn],
          Condition: {
            StringEquals: { "aws:RequestedRegion": aws.region },
            StringNotEquals: { "aws:SourceVpce": "vpce-1" },
          },
        },
      ];
      const outputs = await deploy(aws, { statements });
      const asRole = await verify(outputs, { route: "role" });
      expect(asRole, JSON.stringify(asRole.findings)).to.include({ verdict: "verified" });
      expect(new Set(asRole.findings.map(({ code }) => code))).to.deep.equal(
        new Set(["permissions-undetermined"]),
      );
      const asOperator = await verify(outputs, { route: "operator" });
      expect(asOperator.verdict).to.equal("undecided");
    });

    it("warns of a role that everybody may assume", async () => {
      const report = await verify(await deploy(aws, { trust: trustOf("*") }));
      expect(report.verdict).to.equal("verified");
      expect(report.findings.map(({ code, severity }) => [code, severity])).to.deep.equal([
        ["anyone-trusted", "warning"],
      ]);
    });

    it("counts others' records, of another run too, and leaves them alone", async () => {
      const outputs = await deploy(aws);
      const { kinesis } = clientsOf(aws, aws.principals.operator);
      await verify(outputs);
      await kinesis.send(
        new PutRecordCommand({ StreamName: outputs.streamName, PartitionKey: "k", Data: Buffer.from("x") }),
      );
      const report = await verify(outputs);
      expect(report).to.include({
        verdict: "verified",
        eventsDelivered: 20,
        eventsDuplicated: 0,
        recordsForeign: 21,
      });
    });

    it("follows the stream through a resharding in the middle of the run", async () => {
      const outputs = await deploy(aws, { shards: 1 });
      const { kinesis } = clientsOf(aws, aws.principals.operator);
      const input = {
        StreamName: outputs.streamName,
        TargetShardCount: 2,
        ScalingType: "UNIFORM_SCALING" as const,
      };
      const generated = generateEvents({ events: 900 });
      const source: EventSource = {
        problems: [],
        problemCount: 0,
        async *batches() {
          let taken = 0;
          for await (const event of eventsOf(generated)) {
            if (taken === 600) await kinesis.send(new UpdateShardCountCommand(input));
            taken += 1;
            yield [event];
          }
        },
      };
      const phases = new Set<string>();
      const report = await verify(outputs, { source, onProgress: ({ phase }) => phases.add(phase) });
      expect(report).to.include({ verdict: "verified", eventsDelivered: 900 });
      expect([...phases]).to.deep.equal(["preparing", "sending", "reading"]);
      expect(report.shards.length).to.be.greaterThan(1);
    });
  });

  describe("of a deployment that is wrong", () => {
    const statementOf = (actions: string[]) => (arns: { streamArn: string; roleArn: string }) => [
      { Effect: "Allow", Action: actions, Resource: [arns.streamArn, arns.roleArn] },
    ];
    const without = (action: string) => VENDOR_ACTIONS.filter((other) => other !== action);
    const cases: [string, Parameters<typeof deploy>[1], { code: string; says: string }][] = [
      [
        "trusts another account",
        { trust: trustOf("arn:aws:iam::444455556666:root") },
        { code: "amplitude-not-trusted", says: "444455556666" },
      ],
      [
        "demands an external id",
        { trust: trustOf(AMPLITUDE, { StringEquals: { "sts:ExternalId": "x1" } }) },
        { code: "amplitude-not-trusted", says: "external id" },
      ],
      [
        "lacks PutRecords",
        { statements: statementOf(without("kinesis:PutRecords")) },
        { code: "write-not-allowed", says: "kinesis:PutRecords" },
      ],
      [
        "lacks PutRecord",
        { statements: statementOf(without("kinesis:PutRecord")) },
        { code: "write-not-allowed", says: "kinesis:PutRecord on" },
      ],
      [
        "lacks SimulatePrincipalPolicy",
        { statements: statementOf(without("iam:SimulatePrincipalPolicy")) },
        { code: "simulate-not-allowed", says: "iam:SimulatePrincipalPolicy" },
      ],
      [
        "writes to another stream",
        {
          statements: ({ streamArn, roleArn }) => [
            { Effect: "Allow", Action: VENDOR_ACTIONS, Resource: [`${streamArn}x`, roleArn] },
          ],
        },
        { code: "write-not-allowed", says: "names another ARN" },
      ],
      [
        "has no policy attached",
        { statements: undefined },
        { code: "write-not-allowed", says: "not attached" },
      ],
      [
        "is denied explicitly",
        {
          statements: ({ streamArn, roleArn }) => [
            { Effect: "Allow", Action: VENDOR_ACTIONS, Resource: [streamArn, roleArn] },
            { Effect: "Deny", Action: "kinesis:*", Resource: "*" },
          ],
        },
        { code: "write-not-allowed", says: "denies it explicitly" },
      ],
    ];
    for (const [what, deployment, { code, says }] of cases) {
      for (const route of ["role", "operator"] as const) {
        it(`fails on the ${route}'s route if the role ${what}, and sends nothing`, async () => {
          const outputs = await deploy(aws, deployment);
          const report = await verify(outputs, { route });
          expect(report).to.include({ verdict: "failed", eventsSent: 0 });
          const finding = report.findings.find(
            (found) => found.code === code && found.message.includes(says),
          );
          expect(finding, JSON.stringify(report.findings, undefined, 1)).to.include({ severity: "error" });
          expect(finding?.remedy).to.match(/pulumi|remove it/);
          expect(await recordsOf(aws, outputs.streamName)).to.deep.equal([]);
        });
      }
    }

    it("fails if the stream does not exist, or is in another region", async () => {
      const outputs = await deploy(aws);
      for (const wrong of [{ streamName: "no-such-stream" }, { region: "eu-west-1" }]) {
        const report = await verify({ ...outputs, ...wrong });
        expect(report.verdict).to.equal("failed");
        expect(report.findings.map(({ code }) => code)).to.include("stream-not-found");
      }
    });

    it("fails if the role does not exist", async () => {
      const outputs = await deploy(aws);
      const report = await verify({ ...outputs, roleArn: "arn:aws:iam::111122223333:role/nobody" });
      expect(report.verdict).to.equal("failed");
      expect(report.findings.map(({ code }) => code)).to.deep.equal(["role-not-found"]);
    });

    it("fails if the role's path is not the one of the ARN", async () => {
      const outputs = await deploy(aws);
      const report = await verify({ ...outputs, roleArn: outputs.roleArn.replace("role/", "role/path/") });
      expect(report.verdict).to.equal("failed");
      expect(report.findings.map(({ code }) => code)).to.deep.equal(["role-not-found"]);
    });

    it("fails for an event that is larger than the stream's records, and delivers the rest", async () => {
      const outputs = await deploy(aws);
      const large = Buffer.from(JSON.stringify({ uuid: "x".repeat(1024 * 1024) }));
      const source: EventSource = {
        problems: [],
        problemCount: 0,
        async *batches() {
          yield [
            { bytes: large, origin: "test:1" },
            { bytes: Buffer.from("{}"), origin: "test:2" },
          ];
        },
      };
      const report = await verify(outputs, { source });
      expect(report).to.include({
        verdict: "failed",
        eventsSent: 2,
        eventsDelivered: 1,
        eventsNotDelivered: 1,
      });
      expect(report.findings.map(({ code }) => code)).to.deep.equal(["records-too-large"]);
    });
  });

  describe("if it can't find out", () => {
    it("is undecided, and sends nothing, for an operator who may not read", async () => {
      const outputs = await deploy(aws);
      const reader = await deploy(aws, {
        trust: trustOf(aws.principals.operator.arn),
        statements: () => [
          {
            Effect: "Allow",
            Action: ["kinesis:DescribeStreamSummary", "kinesis:ListShards", "iam:GetRole"],
            Resource: "*",
          },
        ],
      });
      const credentials = await assume(aws, aws.principals.operator, reader.roleArn);
      const report = await verify(outputs, { credentials });
      expect(report).to.include({ verdict: "undecided", eventsSent: 0 });
      expect(report.findings.map(({ code }) => code)).to.include("stream-not-readable");
      expect(await recordsOf(aws, outputs.streamName)).to.deep.equal([]);
    });

    it("is undecided if it is interrupted", async () => {
      const interrupt = new AbortController();
      const report = await verify(await deploy(aws), {
        source: generateEvents({ events: 100_000 }),
        signal: interrupt.signal,
        onProgress: ({ eventsAcknowledged }) => {
          if (eventsAcknowledged > 0) interrupt.abort();
        },
      });
      expect(report.verdict).to.equal("undecided");
      expect(report.eventsSent).to.be.within(1, 99_999);
      expect(report.findings.map(({ code }) => code)).to.include("interrupted");
    });

    it("is undecided if it is interrupted while the role is still refused, and sends nothing", async () => {
      const interrupt = new AbortController();
      const trust = trustOf(AMPLITUDE, {
        ArnEquals: { "aws:PrincipalArn": "arn:aws:iam::358203115967:role/other" },
      });
      const report = await verify(await deploy(aws, { trust }), {
        route: "role",
        propagationSeconds: 60,
        signal: interrupt.signal,
        onProgress: ({ step }) => {
          if (step.includes("refused so far")) interrupt.abort();
        },
      });
      expect(report).to.include({ verdict: "undecided", eventsSent: 0 });
      expect(report.findings.map(({ code }) => code)).to.deep.equal([
        "trust-undetermined",
        "role-not-assumable",
        "interrupted",
      ]);
    });

    it("throws for a source without events", async () => {
      const source: EventSource = { problems: [], problemCount: 0, async *batches() {} };
      const outputs = await deploy(aws);
      const error = await verify(outputs, { source }).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(DeliveryError).and.to.include({ code: "no-events" });
    });

    it("throws for an operator of another account", async () => {
      const failure = await failureOf(verify(await deploy(aws), { credentials: aws.principals.stranger }));
      expect(failure.message).to.include("444455556666").and.to.include("111122223333");
    });

    it("throws for keys that AWS does not know", async () => {
      const credentials = { accessKeyId: "AKIAUNKNOWN", secretAccessKey: "marked-secret" };
      const failure = await failureOf(verify(await deploy(aws), { credentials }));
      expect(failure.message).to.include("aws sso login").and.not.to.include("marked-secret");
    });
  });
});
