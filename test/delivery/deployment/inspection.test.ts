import { expect } from "chai";
import { ForeignResponseError } from "../../../delivery/aws/errors";
import { proxyRefusal } from "../../../delivery/aws/proxy";
import { finding } from "../../../delivery/common/findings";
import { failureRemedy, withIgnoredChanges } from "../../../delivery/deployment/inspection";
import { serviceError, systemError } from "../aws/serviceErrors";

const ROLE_ARN = "arn:aws:iam::111122223333:role/by-hand";

describe("The remedy for a request that failed", () => {
  const proxy = { url: new URL("http://proxy:1"), origin: "http://proxy:1", variable: "HTTPS_PROXY" };
  const causes: [what: string, error: Error, remedy: RegExp][] = [
    ["a denial", serviceError("AccessDeniedException", 400), /^Grant the caller$/],
    ["a denial of the key", serviceError("KMSAccessDeniedException", 400), /^Grant the caller$/],
    ["throttling", serviceError("ThrottlingException", 400), /^Wait a minute/],
    ["throttling without a code", serviceError("Unknown", 429, "UnknownError"), /^Wait a minute/],
    ["a web page", new ForeignResponseError(), /^Check the region, the network, the proxy/],
    ["an error page", serviceError("Unknown", 403, "Unknown"), /^Check the region, the network, the proxy/],
    ["a refused connection", systemError("ECONNREFUSED"), /AWS_ENDPOINT_URL/],
    ["a proxy", proxyRefusal({ statusCode: 407 }, proxy, "iam:443") as Error, /user and password/],
    ["a certificate", systemError("SELF_SIGNED_CERT_IN_CHAIN"), /AWS_CA_BUNDLE=ca\.pem/],
    ["an emulator", serviceError("UnknownOperationException", 400), /emulator/],
    [
      "a fault of the service",
      serviceError("InternalFailure", 500),
      /the service's health, and run this again$/,
    ],
    ["a timeout", systemError("ETIMEDOUT"), /the service's health, and run this again$/],
  ];
  for (const [what, error, remedy] of causes) {
    it(`fits ${what}`, () => {
      expect(failureRemedy(error, "Grant the caller")).to.match(remedy);
    });
  }
});

describe("The remedies for a stack that adopted resources", () => {
  const outputs = { roleArn: ROLE_ARN, region: "us-east-1", streamName: "by-hand" };
  const ignoredChanges = ["stream.tags", "role.assumeRolePolicy", "role.tags"];
  const remedyOf = (code: "anyone-trusted" | "untagged" | "others-trusted", remedy: string) => {
    const findings = [finding.warning(code, ROLE_ARN, "it is wrong", remedy)];
    return withIgnoredChanges(findings, { ...outputs, ignoredChanges })[0]?.remedy;
  };

  it("name the property that `pulumi up` leaves as it is", () => {
    expect(remedyOf("anyone-trusted", "Run `pulumi up --refresh` to restore the trust policy")).to.equal(
      "Run `pulumi up --refresh` to restore the trust policy. Before that, remove role.assumeRolePolicy from the setting adopt.ignoreChanges, because the stack ignores changes to it",
    );
    expect(remedyOf("untagged", "Run `pulumi up --refresh`"))
      .to.include("remove role.tags from")
      .and.not.to.include("stream.tags");
  });

  it("stay as they are without `pulumi up`, or if no property is ignored", () => {
    expect(remedyOf("others-trusted", "Remove the principal")).to.equal("Remove the principal");
    const findings = [finding.error("write-not-allowed", ROLE_ARN, "it is wrong", "Run `pulumi up`")];
    expect(withIgnoredChanges(findings, { ...outputs, ignoredChanges })).to.deep.equal(findings);
    expect(withIgnoredChanges(findings, outputs)).to.deep.equal(findings);
  });
});
