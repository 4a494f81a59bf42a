import { expect } from "chai";
import { bySeverity, finding, findingLines, mostCommon, verdictOf } from "../../../delivery/common/findings";

const WARNING = finding.warning("untagged", "stream/events", "The stream has no tag", "Add one");
const OPEN = finding.undetermined("key-undetermined", "key/1", "The key can't be read", "Run this again");
const ERROR = finding.error("role-not-found", "role/writer", "There is no such role", "Run `pulumi up`");

describe("Findings", () => {
  it("have a code, a severity, a message, a place and a remedy", () => {
    expect(WARNING).to.deep.equal({
      code: "untagged",
      severity: "warning",
      message: "The stream has no tag",
      where: "stream/events",
      remedy: "Add one",
    });
  });

  it("are ordered by severity, and otherwise as they were found", () => {
    const second = { ...ERROR, code: "stream-not-found" as const };
    expect(bySeverity([WARNING, OPEN, ERROR, second])).to.deep.equal([ERROR, second, OPEN, WARNING]);
  });

  it("decide the verdict, warnings excepted", () => {
    expect(verdictOf([WARNING], "passed")).to.equal("passed");
    expect(verdictOf([WARNING, OPEN], "passed")).to.equal("undecided");
    expect(verdictOf([OPEN, ERROR], "passed")).to.equal("failed");
  });

  it("are shown as a sign, the message, the place and the remedy", () => {
    expect(findingLines(ERROR)).to.deep.equal([
      "",
      "✗ role-not-found: There is no such role",
      "  where:  role/writer",
      "  remedy: Run `pulumi up`",
    ]);
  });
});

describe("Reasons", () => {
  it("are the three most common, with their counts", () => {
    const reasons: [string, number][] = [
      ["throttled", 7],
      ["timed out", 2],
      ["reset", 1],
      ["refused", 1],
    ];
    expect(mostCommon(reasons)).to.equal("throttled (7); timed out (2); reset (1)");
  });
});
