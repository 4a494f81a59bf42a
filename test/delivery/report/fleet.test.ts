import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { validateXML } from "xmllint-wasm";
import { finding } from "../../../delivery/common/findings";
import type { FleetReport } from "../../../delivery/fleet/report";
import {
  fleetJunit,
  fleetMarkdown,
  fleetSentence,
  fleetText,
  resourceOf,
  sharedFindings,
  worstCustomersFirst,
} from "../../../delivery/report/fleet";
import { fleetHtml } from "../../../delivery/report/html/fleetPage";
import { renderReport } from "../../../delivery/report/renderReport";
import { bigFleet, customer, DRIFTED, fleetOf, fleetWithTexts, GOOD, MIXED } from "./fleets";
import { ACCOUNT, HOSTILE } from "./reports";

const SCHEMA = readFileSync(join(__dirname, "junitSchema.xsd"), "utf8");
const NONE = fleetOf([]);
const FLEETS = { GOOD, MIXED, DRIFTED, NONE, big: bigFleet(200) };

const texts = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary" })), {
    minLength: 1,
    maxLength: 40,
  })
  .map((pieces) => `x${pieces.join("")}`);

describe("The report of a fleet", () => {
  it("counts the customers by outcome in one sentence, success first and then the worst", () => {
    expect(fleetSentence(MIXED)).to.equal(
      "up of 6 customers: 2 succeeded, 1 failed, 1 undecided, 1 interrupted, 1 not started",
    );
    expect(fleetSentence(GOOD)).to.equal("up of 3 customers: 3 succeeded");
    expect(fleetSentence(NONE)).to.equal("up of 0 customers");
  });

  it("puts the worst outcome first, then customers with more findings, then names in order", () => {
    const warned = customer("zeta", { findings: [finding.warning("untagged", "x", "x", "x")] });
    const stacks = worstCustomersFirst([...MIXED.customers, warned]).map(({ stack }) => stack);
    expect(stacks).to.deep.equal(["initech", "umbrella", "wayne", "zorin", "acme", "globex", "zeta"]);
    expect(worstCustomersFirst([customer("acme"), warned]).map(({ stack }) => stack)).to.deep.equal([
      "zeta",
      "acme",
    ]);
  });

  it("joins what one step fixes in the same way for several customers", () => {
    const shared = sharedFindings(MIXED.customers);
    expect(shared.map(({ code, stacks }) => [code, stacks])).to.deep.equal([
      ["alarm-tells-nobody", ["acme", "globex"]],
    ]);
    const warning = (stack: string) =>
      finding.warning("untagged", stack, stack, `Tag the stream of ${stack}`);
    const all = sharedFindings([
      customer("acme", { findings: [warning("acme")] }),
      customer("globex", { findings: [finding.error("untagged", "x", "x", "Tag it"), warning("globex")] }),
    ]);
    expect(all.map(({ severity, stacks }) => [severity, stacks.length])).to.deep.equal([
      ["error", 1],
      ["warning", 2],
    ]);
  });

  it("names none of several customers in the place and the remedy of what they share", () => {
    const stacks = ["acme", "eu-acme"];
    const [shared] = sharedFindings(
      stacks.map((stack) => {
        const remedy = `Run \`pulumi up --stack org/${stack} --refresh\``;
        return customer(stack, {
          findings: [finding.warning("untagged", `stream/${stack}`, "untagged", remedy)],
        });
      }),
    );
    expect(shared).to.deep.include({
      ...{ stacks, where: "stream/acme and 1 more", remedy: "Run `pulumi up --stack STACK --refresh`" },
    });
  });

  it("is a table as text, with the cause, the remedy and the log below those that did not succeed", () => {
    const lines = fleetText(MIXED).split("\n");
    expect(lines[0]).to.equal(`FAILED: ${fleetSentence(MIXED)} (project acme-fleet, part 2/4, run build-7)`);
    expect(lines[2]).to.match(/^ {2}customer {2}account {7}region {8}outcome {6}time {4}result$/);
    expect(lines[3]).to.match(
      /^ {2}initech {3}111122223333 {2}eu-central-1 {2}failed {7}41.3 s {2}up failed: AccessDenied/,
    );
    expect(lines.slice(4, 6)).to.deep.equal([
      "    remedy: Give the user the actions that `amplitude-kinesis operator-policy` prints",
      "    log:    initech.log",
    ]);
    expect(lines.find((line) => line.startsWith("  acme"))).to.match(
      /succeeded {4}41.3 s {2}4 create, verified, 1000 of 1000 events, p95 0.4 s, 1 finding$/,
    );
    expect(lines.find((line) => line.startsWith("  zorin"))).to.match(
      /not started {2}– {7}the run ended after 3 failures$/,
    );
    expect(fleetText(MIXED)).to.include("! alarm-tells-nobody: acme, globex: The alarm has no action");
    expect(fleetText(DRIFTED))
      .to.include("2 resources were changed by hand")
      .and.to.match(/acme .* no drift/);
    expect(fleetText(NONE)).to.equal("SUCCEEDED: up of 0 customers (project acme-fleet)");
  });

  it("names the parts that it covers, at most ten one by one", () => {
    const parts = Array.from({ length: 12 }, (_, index) => ({ index, count: 12 }));
    for (const [covered, words] of [
      [12, "12 parts"],
      [11, "11 of 12 parts"],
      [2, "parts 1/12, 2/12"],
      [1, "part 1/12"],
    ] as const) {
      const text = fleetText({ ...GOOD, parts: parts.slice(0, covered) });
      expect(text.split("\n")[0]).to.match(new RegExp(`\\(project acme-fleet, ${words}\\)$`));
    }
  });

  it("names a resource by its type and name", () => {
    expect(resourceOf("urn:pulumi:acme::p::a:b:C$aws:kinesis/stream:Stream::acme::x")).to.equal(
      "aws:kinesis/stream:Stream acme::x",
    );
    expect(resourceOf("strange")).to.equal("strange");
  });

  it("shows no account in what is published, and every customer that did not succeed", () => {
    for (const report of Object.values(FLEETS)) {
      for (const rendered of [fleetHtml(report), fleetMarkdown(report), fleetJunit(report)]) {
        expect(rendered)
          .not.to.match(/\b\d{12}\b/)
          .and.not.to.include(ACCOUNT);
        for (const { stack, outcome } of report.customers)
          if (outcome !== "succeeded") expect(rendered).to.include(stack);
      }
    }
  });

  it("is short enough for a comment on GitHub as Markdown, with the worst first and the rest counted", () => {
    const huge = bigFleet(3_000);
    const markdown = fleetMarkdown(huge);
    expect(markdown.length).to.be.below(65_536);
    const shown = markdown.match(/^\| `customer/gm)?.length ?? 0;
    expect(markdown).to.include(`And ${3_000 - shown} more customers, which report.html lists.`);
    expect(markdown).to.match(/^## ❌ Amplitude fleet: failed\n\nUp of 3000 customers: /);
    fc.assert(
      fc.property(texts, (text) => {
        expect(fleetMarkdown(fleetWithTexts(bigFleet(40), text.repeat(20))).length).to.be.below(65_536);
      }),
      { numRuns: 20 },
    );
  });

  it("follows the JUnit schema, with a test case for each customer and finding", async () => {
    const hostile = fleetWithTexts(MIXED, HOSTILE.join(" "));
    for (const report of [...Object.values(FLEETS), hostile]) {
      const contents = fleetJunit(report);
      const { errors } = await validateXML({ xml: { fileName: "report.xml", contents }, schema: SCHEMA });
      expect(errors).to.deep.equal([]);
    }
    const { testcase, ...suite } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" }).parse(
      fleetJunit(MIXED),
    ).testsuites.testsuite;
    expect([suite.tests, suite.failures, suite.errors, suite.skipped].map(Number)).to.deep.equal([
      9, 2, 3, 2,
    ]);
    const named = Object.fromEntries(testcase.map((each: { name: string }) => [each.name, each]));
    expect(named["customer initech"].failure.message).to.match(/^failed: up failed: AccessDenied/);
    expect(named["customer zorin"].error.type).to.equal("not-started");
    expect(named["customer acme"]).to.have.keys(["name", "classname", "time"]);
    expect(Object.keys(named)).to.include.members(["outcome", "customer globex"]);
  });

  it("is well-formed XML, and has the same elements as a page, for any texts", () => {
    const tags = (report: FleetReport) =>
      fleetHtml(report)
        .match(/<[!/]?[a-z][\w-]*/g)
        ?.filter((tag) => !tag.endsWith("code"));
    const expected = tags(fleetWithTexts(MIXED, "x"));
    fc.assert(
      fc.property(texts, (text) => {
        const report = fleetWithTexts(MIXED, text);
        expect(tags(report)).to.deep.equal(expected);
        expect(XMLValidator.validate(fleetJunit(report))).to.equal(true);
      }),
      { numRuns: 25 },
    );
  });

  it("shows what was changed by hand on the page, and says so if there is nothing", () => {
    const page = fleetHtml(DRIFTED);
    expect(page)
      .to.include("aws:kinesis/stream:Stream globex-stream")
      .and.to.include("<code>retentionPeriod</code>")
      .and.to.include("deleted");
    expect(fleetHtml(fleetOf(DRIFTED.customers.slice(0, 1), { command: "drift" }))).to.include(
      "No resource differs",
    );
    expect(fleetHtml(GOOD)).not.to.include("Changed by hand");
  });

  it("stays small as a page, and says how many customers it leaves out", () => {
    expect(fleetHtml(bigFleet(200)).length).to.be.below(200_000);
    expect(fleetHtml(bigFleet(1_200))).to.include("the first 1,000 of 1,200. report.json lists all");
  });

  it("is rendered by renderReport in every format", async () => {
    expect(JSON.parse(await renderReport(MIXED, "json"))).to.deep.equal(MIXED);
    expect(await renderReport(MIXED, "text")).to.equal(`${fleetText(MIXED)}\n`);
    expect(await renderReport(MIXED, "markdown")).to.equal(fleetMarkdown(MIXED));
    expect(await renderReport(MIXED, "junit")).to.equal(fleetJunit(MIXED));
    expect(await renderReport(MIXED, "html")).to.equal(fleetHtml(MIXED));
  });
});
