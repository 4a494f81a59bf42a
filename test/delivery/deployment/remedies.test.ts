import { expect } from "chai";
import { finding } from "../../../delivery/common/findings";
import { withIgnoredChanges } from "../../../delivery/deployment/remedies";

const ROLE_ARN = "arn:aws:iam::111122223333:role/by-hand";

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
