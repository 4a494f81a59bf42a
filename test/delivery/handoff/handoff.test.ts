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

  it("contains only what is needed", () => {
    const more = { ...OUTPUTS, secretAccessKey: "MARKED-SECRET" };
    expect(JSON.stringify(handoffOf(more))).not.to.include("MARKED-SECRET");
  });

  for (const [form, written] of Object.entries({
    text: handoffText(handoff),
    Markdown: handoffMarkdown(handoff),
    HTML: handoffHtml(handoff),
  })) {
    it(`shows everything as ${form}, with the values in order`, () => {
      const places = Object.values(OUTPUTS).map((value) => written.indexOf(value));
      expect(places).to.deep.equal([...places].sort((a, b) => a - b));
      expect(places[0]).to.be.greaterThan(-1);
      for (const sentence of [...handoff.steps, ...handoff.notes]) {
        expect(written).to.include(sentence);
      }
    });
  }

  it("shows each value at the end of a separate line as text", () => {
    for (const value of Object.values(OUTPUTS)) {
      expect(handoffText(handoff)).to.match(new RegExp(`^ {2}\\S.* {2}${value}$`, "m"));
    }
  });

  it("escapes markup, as text and in attributes", () => {
    const hostile = `"><b>"x" & 'y'</b>`;
    const page = handoffHtml({
      ...handoff,
      notes: [hostile],
      fields: [{ label: hostile, output: "region", value: "" }],
    });
    expect(page).to.include("<li>&quot;>&lt;b>&quot;x&quot; &amp; 'y'&lt;/b></li>").and.not.include("<b>");
  });

  it("has a page whose script and style sheet need no escaping", () => {
    const page = handoffHtml(handoff);
    for (const tag of ["script", "style"])
      expect(page.split(`<${tag}>`)[1]?.split(`</${tag}>`)[0], tag).not.to.match(/[<&]|&\w+;/);
  });
});
