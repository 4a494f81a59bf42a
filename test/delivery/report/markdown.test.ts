import { expect } from "chai";
import fc from "fast-check";
import { fleetMarkdown } from "../../../delivery/report/fleet";
import { markdownReport } from "../../../delivery/report/markdown";
import type { DeliveryReport } from "../../../delivery/verify/report";
import { fleetWithTexts, MIXED } from "./fleets";
import { ACCOUNT, EMPTY, FAILED, HOSTILE, HUGE, VERIFIED, withTexts } from "./reports";

describe("The report as Markdown", () => {
  let render: (markdown: string) => string;
  const html = (report: DeliveryReport) => render(markdownReport(report));
  before(async () => {
    const [{ micromark }, { gfm, gfmHtml }] = await Promise.all([
      import("micromark"),
      import("micromark-extension-gfm"),
    ]);
    render = (markdown) =>
      micromark(markdown, {
        allowDangerousHtml: true,
        allowDangerousProtocol: true,
        extensions: [gfm()],
        htmlExtensions: [gfmHtml()],
      });
  });

  it("starts with the verdict, and shows numbers, findings and what is proven", () => {
    const text = markdownReport(FAILED);
    expect(text).to.match(/^## ❌ Amplitude delivery: failed\n/);
    expect(text).to.include("900 delivered (90%), **90 not delivered**, **10 corrupted**");
    expect(text)
      .to.include("### Findings (3)")
      .and.to.include("**Remedy:** Run `pulumi up --refresh` to restore");
    expect(markdownReport(VERIFIED)).to.include("**Proven**").and.not.to.include("Findings");
    expect(markdownReport(EMPTY)).to.include("| Latency | none measured |");
  });

  it("names first what stops delivery", () => {
    const [first] = markdownReport(FAILED)
      .split("\n")
      .filter((line) => line.startsWith("- "));
    expect(first).to.match(/^- ❌/);
  });

  it("shows no account", () => {
    expect(markdownReport(FAILED)).not.to.include(ACCOUNT);
  });

  const elements =
    /<(?!\/?(?:h2|h3|p|table|thead|tbody|tr|th|td|ul|li|strong|code|br)(?: align="\w+")?(?: \/)?>)/;
  const piece = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "grapheme" }));

  it("contains only a table, a list and words for any texts of a fleet", () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1 }), (pieces) => {
        const rendered = render(fleetMarkdown(fleetWithTexts(MIXED, pieces.join(""))));
        expect(rendered).not.to.match(elements);
        expect(rendered.match(/<tr>/g)).to.have.length(7);
        expect(rendered.match(/<td/g)).to.have.length(30);
      }),
      { numRuns: 50 },
    );
  });

  it("contains only a table, lists and words for any texts", () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1 }), (pieces) => {
        const rendered = html(withTexts(FAILED, pieces.join("")));
        expect(rendered).not.to.match(elements);
        expect(rendered.match(/<tr>/g)).to.have.length(7);
        expect(rendered.match(/<h[1-6]>/g)).to.have.length(2);
        expect(rendered.match(/<td/g)).to.have.length(12);
        expect(rendered.match(/<li>/g)).to.have.length(5);
        // Outside of code there are no mentions and no references.
        expect(rendered.replace(/<code>[^<]*<\/code>/g, "")).not.to.match(
          /@[a-z\d]|(?<!&)#\d|:\/\/[a-z]|www\./i,
        );
      }),
      { numRuns: 200 },
    );
  });

  it("stays below the size limit of a GitHub comment, even for a huge report", () => {
    for (const text of ["x", "@", "<", "`", "😀", "www.", "https://"]) {
      expect(markdownReport(withTexts({ ...HUGE, shards: [] }, text.repeat(5_000))).length, text).to.be.below(
        65_536,
      );
    }
  });
});
