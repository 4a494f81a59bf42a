import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { validateXML } from "xmllint-wasm";
import { junitReport } from "../../../delivery/report/junit";
import type { DeliveryReport } from "../../../delivery/verify/report";
import { ACCOUNT, EMPTY, FAILED, HOSTILE, HUGE, UNDECIDED, VERIFIED, withTexts } from "./reports";

const SCHEMA = readFileSync(join(__dirname, "junitSchema.xsd"), "utf8");

async function problemsOf(xml: string): Promise<string[]> {
  const result = await validateXML({ xml: { fileName: "report.xml", contents: xml }, schema: SCHEMA });
  return result.errors.map(({ message }) => message);
}

function suiteOf(report: DeliveryReport) {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "", trimValues: false });
  return parser.parse(junitReport(report)).testsuites.testsuite;
}

const counts = ({ tests, failures, errors, skipped }: Record<string, string>) =>
  [tests, failures, errors, skipped].map(Number);

describe("The report as JUnit XML", () => {
  it("follows the schema for every kind of report", async () => {
    for (const report of [VERIFIED, FAILED, UNDECIDED, EMPTY, HUGE, withTexts(FAILED, HOSTILE.join(" "))]) {
      expect(await problemsOf(junitReport(report))).to.deep.equal([]);
    }
    expect(await problemsOf(junitReport(VERIFIED).replace('tests="4"', 'tests="many"'))).not.to.be.empty;
  });

  it("has passing test cases for the verdict and the outcomes if all is well", () => {
    const suite = suiteOf(VERIFIED);
    expect(suite.testcase.map(({ name }: { name: string }) => name)).to.deep.equal([
      "verdict",
      "no event is missing",
      "no event is corrupted",
      "every event is accounted for",
    ]);
    expect(counts(suite)).to.deep.equal([4, 0, 0, 0]);
  });

  it("reports an error as a failure, undetermined as an error, and a warning as skipped", () => {
    const suite = suiteOf(FAILED);
    expect(counts(suite)).to.deep.equal([7, 4, 1, 1]);
    const [verdict, missing, corrupted, , warning, undetermined, error] = suite.testcase;
    expect(verdict.failure.message).to.match(/^failed: /);
    expect(missing.failure.message).to.equal("90 events not delivered");
    expect(corrupted.failure.message).to.equal("10 events read back with different bytes");
    expect(warning).to.have.property("skipped");
    expect(undetermined).to.have.property("error");
    expect(error.failure["#text"]).to.include("remedy: Run `pulumi up --refresh`");
    expect(counts(suiteOf(UNDECIDED))).to.deep.equal([5, 0, 3, 0]);
  });

  it("is well-formed, with the same number of test cases, for any texts", () => {
    const piece = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
        const xml = junitReport(withTexts(FAILED, pieces.join("")));
        expect(XMLValidator.validate(xml)).to.equal(true);
        // XML 1.0 allows no other character.
        expect(xml).to.match(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
        expect(xml.match(/<testcase/g)).to.have.length(7);
      }),
      { numRuns: 25 },
    );
  });

  it("shows no account", () => {
    expect(junitReport(FAILED)).not.to.include(ACCOUNT);
  });
});
