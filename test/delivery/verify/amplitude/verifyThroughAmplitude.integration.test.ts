import { DetachRolePolicyCommand, ListAttachedRolePoliciesCommand } from "@aws-sdk/client-iam";
import { PutRecordCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { type AmplitudeRouteOptions, DeliveryError, verifyThroughAmplitude } from "../../../../delivery";
import type { DeliveryHabits } from "../../../../sandbox/amplitude/destination";
import { type LocalAmplitude, startAmplitude } from "../../../../sandbox/amplitude/server";
import { assume, clientsOf, type Fixture, sharedAws, trustOf } from "../../../sandbox/aws/localAws";
import { until } from "../../../until";
import { type Deployment, deploy } from "../../deployment/deploy";

/** Soon, in order, and each once. */
const PLAIN_HABITS: Partial<DeliveryHabits> = {
  p95Ms: 200,
  duplicateRate: 0,
  reorderRate: 0,
  retryDelayMs: 20,
};

describe("verifyThroughAmplitude, against the sandbox", () => {
  let aws: Fixture;
  const amplitudes: LocalAmplitude[] = [];
  before(async () => {
    aws = await sharedAws();
  });
  afterEach(async () => {
    for (const amplitude of amplitudes.splice(0)) await amplitude.stop();
  });
  after(() => aws.remove());

  /** A stand-in with this deployment's values in its form. */
  const connected = async (outputs: Deployment, habits: Partial<DeliveryHabits> = {}) => {
    const amplitude = await startAmplitude({
      aws: { endpoint: aws.endpoint, credentials: aws.principals.amplitude },
      habits: { ...PLAIN_HABITS, ...habits },
      random: () => 0.5,
    });
    amplitudes.push(amplitude);
    const { destination } = await amplitude.connect(outputs);
    return { amplitude, destination };
  };

  const verify = (
    outputs: Deployment,
    { url, apiKey }: Pick<LocalAmplitude, "url" | "apiKey">,
    options: Partial<AmplitudeRouteOptions> = {},
  ) =>
    verifyThroughAmplitude({
      outputs,
      apiKey,
      url,
      credentials: aws.principals.operator,
      endpoint: aws.endpoint,
      propagationSeconds: 0,
      timeoutSeconds: 30,
      lingerMs: 0,
      pollMs: 50,
      ...options,
    });
  const codesOf = ({ findings }: { findings: { code: string; severity: string }[] }) =>
    findings.map(({ code, severity }) => `${severity} ${code}`);

  describe("of a destination that delivers", () => {
    it("finds every event in the stream with the fields that were sent", async () => {
      const outputs = await deploy(aws);
      const { amplitude } = await connected(outputs);
      const report = await verify(outputs, amplitude, { expectApp: amplitude.app });
      expect(codesOf(report)).to.deep.equal([]);
      expect(report).to.include({ verdict: "verified", route: "amplitude", ...outputs, deliveryRate: 1 });
      expect(report).to.include({ eventsSent: 20, eventsAcknowledged: 20, eventsDelivered: 20 });
      expect(report).to.include({ eventsNotDelivered: 0, eventsCorrupted: 0, eventsUnknown: 0 });
      expect(report).to.include({ eventsDuplicated: 0, recordsForeign: 0 });
      const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
      expect(sum(report.shards.map(({ recordsRead }) => recordsRead))).to.equal(20);
      expect(report.latencyInSeconds?.max).to.be.within(0, report.durationInSeconds);
      const { buckets } = report.timeline;
      expect(sum(buckets.map(({ sent }) => sent))).to.equal(20);
      expect(sum(buckets.map(({ acknowledged }) => acknowledged))).to.equal(20);
      expect(sum(buckets.map(({ read }) => read))).to.equal(20);
      expect(report.proof.proves.join()).to.include(String(amplitude.app));
      expect(report.proof.notProven.join()).to.include("all about Amplitude itself");
      expect(JSON.stringify(report)).not.to.include(amplitude.apiKey);
    });

    for (const call of ["PutRecord", "PutRecords"] as const) {
      it(`explains duplicates and another order, which Amplitude does not exclude, written by ${call}`, async () => {
        const outputs = await deploy(aws);
        const habits = { call, duplicateRate: 1, reorderRate: 1 };
        const { amplitude, destination } = await connected(outputs, habits);
        const report = await verify(outputs, amplitude, { lingerMs: 1_000 });
        expect(report).to.include({ verdict: "verified", eventsDelivered: 20, duplicatesUnexplained: 0 });
        expect(report.eventsDuplicated).to.be.within(1, 20);
        // Records can be read before the destination has counted them.
        await until(() => destination.metrics.eventsDelivered === 20);
        expect(destination.metrics).to.include({ eventsDelivered: 20, successOnFirstAttempt: 20 });
      });
    }

    it("leaves the retries to the SDK if Amplitude's API fails for a while", async () => {
      const outputs = await deploy(aws);
      const { amplitude } = await connected(outputs);
      amplitude.failNext(1, 503);
      const report = await verify(outputs, amplitude);
      expect(report).to.include({ verdict: "verified", eventsSent: 20, eventsDelivered: 20 });
      expect(report.eventsDuplicated).to.equal(0);
    });

    it("says that identify calls are forwarded", async () => {
      const outputs = await deploy(aws);
      const { amplitude } = await connected(outputs);
      const report = await verify(outputs, amplitude, { identify: true });
      expect(report).to.include({ verdict: "verified", eventsDelivered: 20, recordsForeign: 0 });
      expect(report.proof.proves).to.include("identify calls are forwarded");
    });

    it("does not demand that identify calls are", async () => {
      const outputs = await deploy(aws);
      const { amplitude, destination } = await connected(outputs);
      destination.forwardsIdentify = false;
      const report = await verify(outputs, amplitude, { identify: true, timeoutSeconds: 3 });
      expect(report).to.include({ verdict: "verified" });
      expect(codesOf(report)).to.deep.equal(["warning identify-not-forwarded"]);
    });

    it("takes the arrival for the answer to what the operator may not look at", async () => {
      const outputs = await deploy(aws);
      const reader = await deploy(aws, {
        trust: trustOf(aws.principals.operator.arn),
        statements: () => [{ Effect: "Allow", Action: "kinesis:*", Resource: "*" }],
      });
      const credentials = await assume(aws, aws.principals.operator, reader.roleArn);
      const { amplitude } = await connected(outputs);
      const report = await verify(outputs, amplitude, { credentials });
      expect(codesOf(report)).to.deep.equal([]);
      expect(report).to.include({ verdict: "verified" });
    });
  });

  describe("of one that doesn't", () => {
    it("names a broken trust policy as the cause, and sends nothing", async () => {
      const outputs = await deploy(aws, { trust: trustOf("arn:aws:iam::444455556666:root") });
      const { amplitude, destination } = await connected(outputs);
      const report = await verify(outputs, amplitude);
      expect(report).to.include({ verdict: "failed", eventsSent: 0 });
      expect(codesOf(report)).to.deep.equal(["error amplitude-not-trusted"]);
      expect(destination.waiting).to.equal(0);
    });

    it("says where to look in Amplitude if nothing arrives, and decides nothing before the documented time", async () => {
      const outputs = await deploy(aws);
      const { amplitude, destination } = await connected(outputs);
      destination.enabled = false;
      const report = await verify(outputs, amplitude, { timeoutSeconds: 1 });
      expect(report).to.include({ verdict: "undecided", eventsAcknowledged: 20, eventsUnknown: 20 });
      expect(codesOf(report)).to.deep.equal(["undetermined nothing-arrived"]);
      expect(report.findings[0]?.remedy)
        .to.include("enabled")
        .and.include("Send events filter")
        .and.include(outputs.roleArn);
      expect(destination.metrics.eventsDiscarded).to.equal(20);
    });

    it("names the event types that the filter keeps back", async () => {
      const outputs = await deploy(aws);
      const { amplitude, destination } = await connected(outputs);
      destination.filter = (eventType) => eventType === "Checkout";
      const eventTypes = ["Checkout", "Search"];
      const report = await verify(outputs, amplitude, { eventTypes, timeoutSeconds: 3 });
      expect(report).to.include({ verdict: "undecided", eventsDelivered: 10, eventsUnknown: 10 });
      expect(codesOf(report)).to.deep.equal(["undetermined events-not-arrived"]);
      expect(report.findings[0]?.message).to.include('"Search"').and.not.include('"Checkout"');
    });

    it("says that other events of Amplitude's arrive if this run's don't", async () => {
      const outputs = await deploy(aws);
      const { amplitude, destination } = await connected(outputs);
      destination.enabled = false;
      const { kinesis } = clientsOf(aws, aws.principals.operator);
      const Data = Buffer.from(JSON.stringify({ $insert_id: "x", app: 7, event_type: "other" }));
      const record = { StreamName: outputs.streamName, PartitionKey: "k", Data };
      await kinesis.send(new PutRecordCommand(record));
      const report = await verify(outputs, amplitude, { timeoutSeconds: 3, expectApp: amplitude.app });
      expect(report.recordsForeign).to.equal(1);
      expect(codesOf(report)).to.have.members(["undetermined nothing-arrived", "warning unexpected-app"]);
      expect(report.findings[0]?.message).to.include("1 record with other events of Amplitude's");
    });

    it("names the field that came back changed", async () => {
      const outputs = await deploy(aws);
      const { amplitude, destination } = await connected(outputs);
      destination.alter = (row) => ({
        ...row,
        city: "Elsewhere",
        event_properties: { ...(row.event_properties as object), price: 0.5 },
      });
      const report = await verify(outputs, amplitude);
      expect(report).to.include({ verdict: "failed", eventsCorrupted: 20, eventsDelivered: 0 });
      expect(codesOf(report)).to.deep.equal(["error events-corrupted", "warning fields-rewritten"]);
      expect(report.findings[0]?.message).to.include("event_properties.price (20)").and.not.include("city");
      expect(report.findings[1]?.message).to.include("city (20)");
    });

    it("fails events of another project than the expected one", async () => {
      const outputs = await deploy(aws);
      const { amplitude } = await connected(outputs);
      const report = await verify(outputs, amplitude, { expectApp: 5 });
      expect(report).to.include({ verdict: "failed", eventsDelivered: 20 });
      expect(codesOf(report)).to.deep.equal(["error unexpected-app"]);
    });

    it("does not call lost what is given up because the role lost its policy in mid-run", async () => {
      const outputs = await deploy(aws);
      const { amplitude, destination } = await connected(outputs, { retries: 2, p95Ms: 2_000 });
      const { iam } = clientsOf(aws, aws.principals.operator);
      const RoleName = outputs.roleArn.split("/").at(-1);
      const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
      const detach = new DetachRolePolicyCommand({ RoleName, PolicyArn: AttachedPolicies[0]?.PolicyArn });
      let detached: Promise<unknown> | undefined;
      const report = await verify(outputs, amplitude, {
        timeoutSeconds: 5,
        onProgress: ({ phase }) => {
          if (phase === "sending") detached ??= iam.send(detach);
        },
      });
      await detached;
      expect(report).to.include({ verdict: "undecided", eventsAcknowledged: 20, eventsDelivered: 0 });
      expect(destination.metrics).to.include({ eventsDelivered: 0, eventsExpired: 20 });
      expect(destination.metrics.lastFailure).to.include("AccessDenied");
    });
  });

  it("throws for a key that Amplitude does not know, and never names it", async () => {
    const outputs = await deploy(aws);
    const { amplitude } = await connected(outputs);
    const wrong = { url: amplitude.url, apiKey: "0123456789abcdef-planted" };
    const error = await verify(outputs, wrong).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(DeliveryError).with.property("code", "settings");
    const { message, stack, cause } = error as Error;
    expect(message).to.include("doesn't know the API key").and.include("not the secret key");
    expect(JSON.stringify([message, stack, cause, String(cause)])).not.to.include("planted");
  });

  it("is undecided within seconds if nothing responds at the URL", async () => {
    const outputs = await deploy(aws);
    const nobody = { url: "http://127.0.0.1:9/2/httpapi", apiKey: "0123456789abcdef" };
    const report = await verify(outputs, nobody, { timeoutSeconds: 4 });
    expect(report).to.include({ verdict: "undecided", eventsSent: 20, eventsAcknowledged: 0 });
    expect(codesOf(report)).to.deep.equal(["undetermined events-unanswered"]);
  });

  it("ends in order if it is interrupted while it waits", async () => {
    const outputs = await deploy(aws);
    const { amplitude, destination } = await connected(outputs);
    destination.enabled = false;
    const interrupt = new AbortController();
    const report = await verify(outputs, amplitude, {
      signal: interrupt.signal,
      timeoutSeconds: 300,
      onProgress: ({ phase }) => {
        if (phase === "reading") interrupt.abort();
      },
    });
    expect(report).to.include({ verdict: "undecided", eventsUnknown: 20 });
    expect(codesOf(report)).to.deep.equal(["undetermined interrupted"]);
  });

  it("shows what it does, and how far it is", async () => {
    const outputs = await deploy(aws);
    const { amplitude } = await connected(outputs);
    const steps: string[] = [];
    let last: unknown;
    await verify(outputs, amplitude, {
      events: 5,
      onProgress: (progress) => {
        steps.push(progress.step);
        last = progress;
      },
    });
    expect(steps).to.include.members(["sending events to Amplitude", "waiting for Amplitude to deliver"]);
    const all = { eventsSent: 5, eventsAcknowledged: 5, eventsRead: 5, eventsExpected: 5 };
    expect(last).to.deep.include(all);
  });
});
