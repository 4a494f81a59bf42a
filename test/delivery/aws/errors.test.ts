import { expect } from "chai";
import {
  awsError,
  describeError,
  isAccessDenied,
  isCredentialsError,
  isUnsupported,
  neverSent,
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
      why: "the first of one failure an address, which has no text of its own",
      error: new AggregateError([systemError("ECONNREFUSED"), systemError("ETIMEDOUT")], ""),
      expected: { code: "ECONNREFUSED", message: "connect ECONNREFUSED 127.0.0.1:443" },
    },
    {
      why: "the name where there is no text",
      error: Object.assign(new Error(""), { name: "TimeoutError" }),
      expected: { code: "TimeoutError", message: "TimeoutError" },
    },
    { why: "what is no error", error: "gone", expected: { code: "Unknown", message: "gone" } },
    { why: "nothing", error: undefined, expected: { code: "Unknown", message: "undefined" } },
    {
      why: "metadata that is none",
      error: Object.assign(new Error("odd"), { $metadata: null }),
      expected: { code: "Error", message: "odd" },
    },
  ];
  for (const { why, error, expected } of read) {
    it(`is read: ${why}`, () => {
      expect(awsError(error)).to.deep.equal(expected);
    });
  }

  const kinds: { error: Error; is: ((error: unknown) => boolean)[] }[] = [
    { error: serviceError("AccessDenied", 403), is: [isAccessDenied] },
    { error: serviceError("AccessDeniedException", 400), is: [isAccessDenied] },
    { error: serviceError("KMSAccessDeniedException", 400), is: [] },
    { error: serviceError("ExpiredToken", 403), is: [isCredentialsError] },
    { error: serviceError("ExpiredTokenException", 400), is: [isCredentialsError] },
    { error: serviceError("InvalidClientTokenId", 403), is: [isCredentialsError] },
    { error: serviceError("UnrecognizedClientException", 400), is: [isCredentialsError] },
    { error: serviceError("SignatureDoesNotMatch", 403), is: [isCredentialsError] },
    {
      error: Object.assign(new Error("none"), { name: "CredentialsProviderError" }),
      is: [isCredentialsError],
    },
    { error: serviceError("InvalidAction", 400), is: [isUnsupported] },
    { error: serviceError("UnknownOperationException", 400), is: [isUnsupported] },
    { error: serviceError("UnknownError", 501), is: [isUnsupported] },
    { error: serviceError("UnknownError", 405), is: [isUnsupported] },
    { error: systemError("ECONNREFUSED"), is: [neverSent] },
    { error: systemError("ENOTFOUND"), is: [neverSent] },
    { error: systemError("EHOSTUNREACH"), is: [neverSent] },
    { error: systemError("ECONNRESET"), is: [] },
    { error: systemError("ETIMEDOUT"), is: [] },
    { error: serviceError("InternalFailure", 500), is: [] },
  ];
  const predicates = { isAccessDenied, isCredentialsError, isUnsupported, neverSent };
  for (const { error, is } of kinds) {
    it(`${error.name} (${error.message}): ${is.map(({ name }) => name).join() || "none of them"}`, () => {
      for (const [name, predicate] of Object.entries(predicates)) {
        expect(predicate(error), name).to.equal(is.includes(predicate));
      }
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
