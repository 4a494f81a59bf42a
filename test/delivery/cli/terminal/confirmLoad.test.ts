import { PassThrough } from "node:stream";
import { expect } from "chai";
import { askAboutLoad } from "../../../../delivery/cli/terminal/confirmLoad";

const LOAD = { rate: 900, eventBytes: 1_800, openShards: 1, share: 1.62 };

describe("The question about a load", () => {
  async function answerTo(answer: string | AbortController, isTTY = true): Promise<boolean> {
    const [input, output] = [new PassThrough(), new PassThrough()];
    output.on("data", (text) => {
      if (!String(text).includes("[y/N]")) return;
      if (answer instanceof AbortController) answer.abort();
      else input.write(answer);
    });
    const { signal } = answer instanceof AbortController ? answer : new AbortController();
    const terminal = { input: Object.assign(input, { isTTY }), output: Object.assign(output, { isTTY }) };
    return askAboutLoad(LOAD, signal, terminal);
  }

  const answers: [what: string, answer: string | AbortController, isAgreed: boolean][] = [
    ["y", "y\n", true],
    ["Yes", "Yes\n", true],
    ["n", "n\n", false],
    ["nothing", "\n", false],
    ["Ctrl-C", "\u0003", false],
    ["Ctrl-D", "\u0004", false],
    ["a signal that ends the run", new AbortController(), false],
  ];
  for (const [what, answer, isAgreed] of answers) {
    it(`takes ${what} for ${isAgreed ? "yes" : "no"}`, async () => {
      expect(await answerTo(answer)).to.equal(isAgreed);
    });
  }

  it("is not put where there is no terminal", async () => {
    expect(await answerTo("y\n", false)).to.equal(false);
  });
});
