import { expect } from "chai";
import { handoffHtml, handoffMarkdown, handoffOf, handoffText } from "../../../delivery";

const OUTPUTS = {
  region: "eu-central-1",
  streamName: "amplitude-stream-1a2b3c4",
  roleArn: "arn:aws:iam::111122223333:role/amplitude-role-0123456789",
};
const handoff = handoffOf(OUTPUTS);

describe("The handoff to Amplitude's form", () => {
  it("has the three values in the order of the form, under its names", () => {
    expect(handoff.fields).to.deep.equal([
      { label: "AWS region", output: "region", value: OUTPUTS.region },
      { label: "Stream name", output: "streamName", value: OUTPUTS.streamName },
      { label: "Role name (ARN)", output: "roleArn", value: OUTPUTS.roleArn },
    ]);
  });

  it("holds what is needed and nothing else of what it was given", () => {
    const more = { ...OUTPUTS, secretAccessKey: "MARKED-SECRET" };
    expect(JSON.stringify(handoffOf(more))).not.to.include("MARKED-SECRET");
  });

  for (const [form, written] of Object.entries({
    text: handoffText(handoff),
    Markdown: handoffMarkdown(handoff),
    HTML: handoffHtml(handoff),
  })) {
    it(`says all of it as ${form}, the values in their order`, () => {
      const places = Object.values(OUTPUTS).map((value) => written.indexOf(value));
      expect(places).to.deep.equal([...places].sort((a, b) => a - b));
      expect(places[0]).to.be.greaterThan(-1);
      for (const sentence of [...handoff.steps, ...handoff.notes]) {
        expect(written.replaceAll("&#39;", "'")).to.include(sentence);
      }
    });
  }

  it("gives each value alone on its line as text", () => {
    for (const value of Object.values(OUTPUTS)) {
      expect(handoffText(handoff)).to.match(new RegExp(`^ {2}\\S.* {2}${value}$`, "m"));
    }
  });

  it("escapes what HTML would take for its own", () => {
    const page = handoffHtml({ ...handoff, notes: [`<b>"x" & 'y'</b>`] });
    expect(page).to.include("&lt;b&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/b&gt;");
  });
});
