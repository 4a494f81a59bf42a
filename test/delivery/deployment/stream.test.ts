import { expect } from "chai";
import { checkStream } from "../../../delivery/deployment/stream";
import { type FakeAnswer, fakeKinesis, json, jsonError } from "../aws/fakeAws";
import { VirtualClock } from "../common/virtualClock";

const OUTPUTS = {
  roleArn: "arn:aws:iam::111122223333:role/writer",
  region: "eu-central-1",
  streamName: "events",
};
const STREAM_ARN = "arn:aws:kinesis:eu-central-1:111122223333:stream/events";
const KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/abc";
const SUMMARY = {
  StreamName: "events",
  StreamARN: STREAM_ARN,
  StreamStatus: "ACTIVE",
  EncryptionType: "KMS",
  KeyId: "alias/aws/kinesis",
};

function described(summary: object, headers: Record<string, string> = {}): FakeAnswer {
  return json({ StreamDescriptionSummary: { ...SUMMARY, ...summary } }, headers);
}

async function check(answer: () => FakeAnswer, { clock = new VirtualClock(), waitMs = 90_000 } = {}) {
  return checkStream(fakeKinesis(answer), OUTPUTS, { clock, waitMs });
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("Checking the stream", () => {
  it("finds nothing wrong with the component's own", async () => {
    const clock = new VirtualClock();
    const { summary, ...checked } = await check(() => described({}), { clock });
    expect(summary).to.include({ StreamName: "events", StreamStatus: "ACTIVE" });
    expect(checked).to.deep.equal({
      findings: [],
      stream: {
        streamArn: STREAM_ARN,
        largestRecordBytes: 1024 * 1024,
        serviceTime: clock.now(),
        clockOffsetMs: 0,
      },
    });
  });

  it("asks by the name alone, as Amplitude does", async () => {
    const inputs: object[] = [];
    const client = fakeKinesis(({ input }) => {
      inputs.push(input);
      return described({});
    });
    await checkStream(client, OUTPUTS, { clock: new VirtualClock(), waitMs: 0 });
    expect(inputs).to.deep.equal([{ StreamName: "events" }]);
  });

  it("takes the time from the service, where it gives one", async () => {
    const { stream } = await check(() => described({}, { date: "Tue, 06 Jan 2026 10:11:12 GMT" }));
    expect(stream?.serviceTime).to.equal(Date.UTC(2026, 0, 6, 10, 11, 12));
  });

  it("knows by how much the service's clock may be ahead at the most", async () => {
    const asked = Date.UTC(2026, 0, 6, 10, 11, 12);
    let time = asked;
    const clock = Object.assign(new VirtualClock(), { now: () => time });
    const answer = () => {
      time += 40;
      return described({}, { date: "Tue, 06 Jan 2026 10:11:15 GMT" });
    };
    const { stream } = await check(answer, { clock });
    // The answer may be of 10:11:15.999, and made when it was asked for.
    expect(stream?.clockOffsetMs).to.equal(Date.UTC(2026, 0, 6, 10, 11, 16) - asked);
  });

  it("takes this machine's time where the service's can't be read", async () => {
    const clock = new VirtualClock();
    const { stream } = await check(() => described({}, { date: "today" }), { clock });
    expect(stream?.serviceTime).to.equal(clock.now());
  });

  it("knows a stream that is open for larger records", async () => {
    const { stream } = await check(() => described({ MaxRecordSizeInKiB: 10_240 }));
    expect(stream?.largestRecordBytes).to.equal(10 * 1024 * 1024);
  });

  it("knows a customer's own key by its ARN", async () => {
    expect((await check(() => described({ KeyId: KEY_ARN }))).stream?.kmsKeyId).to.equal(KEY_ARN);
    expect((await check(() => described({}))).stream).to.not.have.property("kmsKeyId");
  });

  it("warns of a stream that is not encrypted", async () => {
    const { findings, stream } = await check(() => described({ EncryptionType: "NONE" }));
    expect(findings.map(({ code, severity }) => [code, severity])).to.deep.equal([
      ["stream-not-encrypted", "warning"],
    ]);
    expect(stream).to.not.equal(undefined);
  });

  const statuses = [
    { status: "ACTIVE", codes: [] },
    { status: "UPDATING", codes: [] },
    { status: "DELETING", codes: ["stream-not-active"] },
    { status: "CREATING", codes: ["stream-not-active"] },
  ];
  for (const { status, codes } of statuses) {
    it(`finds ${codes.join() || "nothing wrong"} where the stream is ${status}`, async () => {
      const { findings } = await check(() => described({ StreamStatus: status }), { waitMs: 0 });
      expect(findings.map(({ code }) => code)).to.deep.equal(codes);
      for (const { message } of findings) expect(message).to.include(status);
    });
  }

  it("waits for a stream that is being created", async () => {
    const clock = new VirtualClock();
    const start = clock.now();
    let asked = 0;
    const { findings } = await check(
      () => {
        asked += 1;
        return described({ StreamStatus: asked < 8 ? "CREATING" : "ACTIVE" });
      },
      { clock },
    );
    expect(findings).to.deep.equal([]);
    expect(clock.now() - start).to.equal(14_000);
  });

  it("waits for it no longer than it is told", async () => {
    const clock = new VirtualClock();
    const start = clock.now();
    const { findings } = await check(() => described({ StreamStatus: "CREATING" }), {
      clock,
      waitMs: 20_000,
    });
    expect(findings[0]).to.include({ code: "stream-not-active", severity: "error" });
    expect(clock.now() - start).to.equal(20_000);
  });

  const failures = [
    {
      answer: jsonError("ResourceNotFoundException"),
      code: "stream-not-found",
      severity: "error",
      remedy: "pulumi up",
    },
    {
      answer: jsonError("AccessDeniedException"),
      code: "stream-not-described",
      severity: "undetermined",
      remedy: "kinesis:DescribeStreamSummary",
    },
    {
      answer: jsonError("InternalFailure", 500),
      code: "stream-not-described",
      severity: "undetermined",
      remedy: "AWS_ENDPOINT_URL",
    },
    { answer: json({}), code: "stream-not-described", severity: "undetermined", remedy: "run this again" },
    {
      answer: { body: "<html>" },
      code: "stream-not-described",
      severity: "undetermined",
      remedy: "run this again",
    },
  ];
  for (const { answer, remedy, ...expected } of failures) {
    it(`finds ${expected.code} where the answer is ${answer.body}`, async () => {
      const { findings, stream } = await check(() => answer);
      expect(stream).to.equal(undefined);
      expect(findings).to.have.length(1);
      expect(findings[0]).to.include({ ...expected, where: STREAM_ARN });
      expect(findings[0]?.remedy).to.include(remedy);
    });
  }

  for (const code of ["UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"]) {
    it(`ends the run where the credentials are not accepted (${code})`, async () => {
      const failure = await failureOf(check(() => jsonError(code)));
      expect(failure).to.include({ name: "DeliveryError", code: "credentials" });
      expect(failure).to.have.property("message").that.includes("AWS_PROFILE");
    });
  }

  it("ends the run where the credentials see another account's stream of that name", async () => {
    const StreamARN = "arn:aws:kinesis:eu-central-1:444455556666:stream/events";
    const failure = await failureOf(check(() => described({ StreamARN })));
    expect(failure).to.include({ name: "DeliveryError", code: "credentials" });
    expect(failure).to.have.property("message").that.includes("444455556666").and.includes("111122223333");
  });
});
