import type { PutRecordsOutput } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import fc from "fast-check";
import { type AttemptResult, readFailure, readResponse } from "../../../delivery/kinesis/outcome";
import { serviceError, systemError } from "../aws/serviceErrors";
import { records } from "./records";

function kinds({ outcomes }: AttemptResult): string {
  return outcomes.map(({ kind }) => kind[0]).join("");
}

const OK = { SequenceNumber: "1", ShardId: "shardId-0" };

describe("The answer to a request", () => {
  const cases: { why: string; answer: PutRecordsOutput; kinds: string }[] = [
    {
      why: "acknowledges each record that has a sequence number",
      answer: { Records: [OK, OK] },
      kinds: "aa",
    },
    {
      why: "refuses a throttled record for certain",
      answer: { Records: [OK, { ErrorCode: "ProvisionedThroughputExceededException" }] },
      kinds: "ar",
    },
    {
      why: "leaves an internal failure open",
      answer: { Records: [{ ErrorCode: "InternalFailure" }, OK] },
      kinds: "ua",
    },
    {
      why: "leaves an error code that nobody knows open",
      answer: { Records: [{ ErrorCode: "Strange" }, OK] },
      kinds: "ua",
    },
    {
      why: "is not believed where it counts no failures over failed entries",
      answer: { FailedRecordCount: 0, Records: [{ ErrorCode: "InternalFailure" }, OK] },
      kinds: "ua",
    },
    {
      why: "is not believed where it counts failures over acknowledged entries",
      answer: { FailedRecordCount: 2, Records: [OK, OK] },
      kinds: "aa",
    },
    {
      why: "acknowledges nothing without a sequence number",
      answer: { Records: [{ ShardId: "shardId-0" }, OK] },
      kinds: "ua",
    },
    {
      why: "acknowledges nothing without a shard",
      answer: { Records: [{ SequenceNumber: "1" }, OK] },
      kinds: "ua",
    },
    {
      why: "acknowledges nothing that bears an error code",
      answer: { Records: [{ ...OK, ErrorCode: "InternalFailure" }, OK] },
      kinds: "ua",
    },
    {
      why: "acknowledges a record with a sequence number and an empty error code",
      answer: { Records: [{ ...OK, ErrorCode: "", ErrorMessage: "" }, OK] },
      kinds: "aa",
    },
    {
      why: "acknowledges nothing by an empty sequence number or an empty shard",
      answer: {
        Records: [
          { ...OK, SequenceNumber: "" },
          { ...OK, ShardId: "" },
        ],
      },
      kinds: "uu",
    },
    {
      why: "leaves a throttled record open that also has a sequence number",
      answer: { Records: [{ ...OK, ErrorCode: "ProvisionedThroughputExceededException" }, OK] },
      kinds: "ua",
    },
    { why: "says nothing without entries", answer: { Records: undefined }, kinds: "uu" },
    { why: "says nothing with no entry", answer: { Records: [] }, kinds: "uu" },
    { why: "says nothing with too few entries: none has a position", answer: { Records: [OK] }, kinds: "uu" },
    { why: "says nothing with too many entries", answer: { Records: [OK, OK, OK] }, kinds: "uu" },
  ];
  for (const { why, answer, kinds: expected } of cases) {
    it(why, () => {
      const result = readResponse(records(2), answer);
      expect(kinds(result)).to.equal(expected);
      expect(result).to.include({ retry: "retry", accessDenied: false });
    });
  }

  it("is read by position, whatever it holds", () => {
    const entry = fc.constantFrom(
      OK,
      {},
      { ErrorCode: "InternalFailure" },
      { ErrorCode: "ProvisionedThroughputExceededException" },
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 50 }), (Records) => {
        const sent = records(Records.length);
        const { outcomes } = readResponse(sent, { Records });
        expect(outcomes.map(({ record }) => record)).to.deep.equal(sent);
        expect(outcomes.map(({ kind }) => kind === "acknowledged")).to.deep.equal(
          Records.map((one) => "SequenceNumber" in one),
        );
      }),
    );
  });

  it("says what an entry lacks", () => {
    const [outcome] = readResponse(records(1), { Records: [{ ShardId: "shardId-0" }] }).outcomes;
    expect(outcome)
      .to.have.nested.property("reason.detail")
      .that.includes("an entry without a sequence number");
  });

  it("names the entries that it lacks", () => {
    const [outcome] = readResponse(records(2), { Records: [OK] }).outcomes;
    expect(outcome).to.have.nested.property("reason.detail", "PutRecords returned 1 entries for 2 records");
  });
});

describe("A request that failed", () => {
  const refused = { kind: "r", accessDenied: false };
  const unknown = { kind: "u", retry: "retry", accessDenied: false };
  const cases: { error: Error; kind: string; retry: string; accessDenied: boolean }[] = [
    { error: serviceError("ProvisionedThroughputExceededException", 400), ...refused, retry: "retry" },
    { error: serviceError("LimitExceededException", 400), ...refused, retry: "retry" },
    { error: serviceError("KMSThrottlingException", 400), ...refused, retry: "retry" },
    { error: serviceError("ThrottlingException", 400), ...refused, retry: "retry" },
    { error: serviceError("ExpiredTokenException", 400), ...refused, retry: "retry" },
    { error: serviceError("InvalidSignatureException", 400), ...refused, retry: "retry" },
    { error: serviceError("UnknownError", 429), ...refused, retry: "retry" },
    { error: serviceError("ValidationException", 400), ...refused, retry: "give-up" },
    { error: serviceError("InvalidArgumentException", 400), ...refused, retry: "give-up" },
    { error: serviceError("SerializationException", 400), ...refused, retry: "give-up" },
    { error: serviceError("AccessDeniedException", 400), kind: "r", retry: "stop", accessDenied: true },
    { error: serviceError("AccessDenied", 403), kind: "r", retry: "stop", accessDenied: true },
    { error: serviceError("ResourceNotFoundException", 400), ...refused, retry: "stop" },
    { error: serviceError("KMSAccessDeniedException", 400), ...refused, retry: "stop", accessDenied: true },
    { error: serviceError("KMSDisabledException", 400), ...refused, retry: "stop" },
    { error: serviceError("KMSNotFoundException", 400), ...refused, retry: "stop" },
    { error: serviceError("UnrecognizedClientException", 400), ...refused, retry: "stop" },
    { error: serviceError("InternalFailure", 500), ...unknown },
    { error: serviceError("ServiceUnavailable", 503), ...unknown },
    { error: serviceError("UnknownError", 502), ...unknown },
    { error: serviceError("UnknownError", 408), ...unknown },
    { error: serviceError("SyntaxError", 200), ...unknown },
    { error: systemError("ECONNRESET"), ...unknown },
    { error: systemError("EPIPE"), ...unknown },
    { error: systemError("ETIMEDOUT"), ...unknown },
    { error: Object.assign(new Error("Request timed out"), { name: "TimeoutError" }), ...unknown },
    { error: Object.assign(new Error("Request aborted"), { name: "AbortError" }), ...unknown },
    { error: systemError("ECONNREFUSED"), ...refused, retry: "retry" },
    { error: systemError("ENOTFOUND"), ...refused, retry: "retry" },
    { error: systemError("EAI_AGAIN"), ...refused, retry: "retry" },
    {
      error: new AggregateError([systemError("ECONNREFUSED"), systemError("ECONNREFUSED")], ""),
      ...refused,
      retry: "retry",
    },
    {
      error: new Error("can't connect", { cause: systemError("ECONNREFUSED") }),
      ...refused,
      retry: "retry",
    },
    {
      error: Object.assign(new Error("no profile"), { name: "CredentialsProviderError" }),
      ...refused,
      retry: "stop",
    },
    {
      error: Object.assign(new Error("sign in again"), { name: "TokenProviderError" }),
      ...refused,
      retry: "stop",
    },
  ];
  const words = { r: "certainly not written", u: "perhaps written" } as Record<string, string>;
  for (const { error, kind, retry, accessDenied } of cases) {
    it(`by ${error.name} (${error.message}) is ${words[kind]}: ${retry}`, () => {
      const result = readFailure(records(3), error);
      expect(kinds(result)).to.equal(kind.repeat(3));
      expect(result).to.include({ retry, accessDenied });
    });
  }

  it("by something that is no error is perhaps written", () => {
    expect(kinds(readFailure(records(1), "gone"))).to.equal("u");
  });

  it("gives its code and its text as the reason of each record", () => {
    const [outcome] = readFailure(
      records(1),
      serviceError("ResourceNotFoundException", 400, "no such stream"),
    ).outcomes;
    expect(outcome).to.have.deep.property("reason", {
      code: "ResourceNotFoundException",
      detail: "ResourceNotFoundException: no such stream",
    });
  });
});
