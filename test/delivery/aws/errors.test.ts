import { expect } from "chai";
import {
  awsError,
  classify,
  describeError,
  type ErrorKind,
  isCredentialsError,
} from "../../../delivery/aws/errors";
import { serviceError, systemError } from "./serviceErrors";

describe("An error of AWS or the network", () => {
  const read: { why: string; error: unknown; expected: object }[] = [
    {
      why: "the service's code and status",
      error: serviceError("ResourceNotFoundException", 400, "no stream"),
      expected: { code: "ResourceNotFoundException", message: "no stream", httpStatus: 400 },
    },
    {
      why: "the system's code, and no status",
      error: systemError("ECONNRESET"),
      expected: { code: "ECONNRESET", message: "connect ECONNRESET 127.0.0.1:443" },
    },
    {
      why: "the system's code behind its cause",
      error: new Error("fetch failed", { cause: systemError("ENOTFOUND") }),
      expected: { code: "ENOTFOUND", message: "fetch failed" },
    },
    {
      why: "the first of one failure per address, if the error has no text",
      error: new AggregateError([systemError("ECONNREFUSED"), systemError("ETIMEDOUT")], ""),
      expected: { code: "ECONNREFUSED", message: "connect ECONNREFUSED 127.0.0.1:443" },
    },
    {
      why: "the name if there is no text",
      error: Object.assign(new Error(""), { name: "TimeoutError" }),
      expected: { code: "TimeoutError", message: "TimeoutError" },
    },
    {
      why: "the text of a value that is not an error",
      error: "gone",
      expected: { code: "Unknown", message: "gone" },
    },
    { why: "nothing", error: undefined, expected: { code: "Unknown", message: "undefined" } },
    {
      why: "metadata that is null",
      error: Object.assign(new Error("odd"), { $metadata: null }),
      expected: { code: "Error", message: "odd" },
    },
  ];
  for (const { why, error, expected } of read) {
    it(`is read: ${why}`, () => {
      expect(awsError(error)).to.deep.equal(expected);
    });
  }

  const kinds: [error: Error, kind: ErrorKind][] = [
    [serviceError("AccessDenied", 403), "access-denied"],
    [serviceError("AccessDeniedException", 400), "access-denied"],
    [serviceError("KMSAccessDeniedException", 400), "key-access-denied"],
    [serviceError("ExpiredToken", 403), "expired-session"],
    [serviceError("ExpiredTokenException", 400), "expired-session"],
    [serviceError("InvalidClientTokenId", 403), "rejected-credentials"],
    [serviceError("UnrecognizedClientException", 400), "rejected-credentials"],
    [serviceError("SignatureDoesNotMatch", 403), "rejected-signature"],
    [Object.assign(new Error("none"), { name: "CredentialsProviderError" }), "no-credentials"],
    [serviceError("RequestTimeTooSkewed", 403), "clock-skew"],
    [serviceError("ProvisionedThroughputExceededException", 400), "throttling"],
    [serviceError("UnknownError", 429), "throttling"],
    [serviceError("ResourceNotFoundException", 400), "not-found"],
    [serviceError("ValidationException", 400), "invalid-request"],
    [serviceError("InvalidAction", 400), "unsupported"],
    [serviceError("UnknownOperationException", 400), "unsupported"],
    [serviceError("UnknownError", 501), "unsupported"],
    [serviceError("UnknownError", 405), "unsupported"],
    [systemError("ECONNREFUSED"), "unreachable"],
    [systemError("ENOTFOUND"), "unreachable"],
    [systemError("EHOSTUNREACH"), "unreachable"],
    [systemError("ECONNRESET"), "other"],
    [systemError("ETIMEDOUT"), "other"],
    [serviceError("InternalFailure", 500), "other"],
  ];
  for (const [error, kind] of kinds) {
    it(`${error.name} (${error.message}): ${kind}`, () => {
      expect(classify(error)).to.equal(kind);
      const isOfCredentials = /^(no-credentials|expired-session|rejected-)/.test(kind);
      expect(isCredentialsError(error)).to.equal(isOfCredentials);
    });
  }

  const lines = [
    { error: serviceError("AccessDenied", 403, "not yours"), line: "AccessDenied: not yours" },
    { error: systemError("ECONNRESET"), line: "connect ECONNRESET 127.0.0.1:443" },
    {
      error: serviceError(
        "SignatureDoesNotMatch",
        403,
        "no match.\n\nThe Canonical String should have been …",
      ),
      line: "SignatureDoesNotMatch: no match.",
    },
  ];
  for (const { error, line } of lines) {
    it(`is described in one line: ${line}`, () => {
      expect(describeError(error)).to.equal(line);
    });
  }
});
