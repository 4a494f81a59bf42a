import { PassThrough } from "node:stream";
import { expect } from "chai";
import { askSecret, confirmLoad, mfaPrompt } from "../../../../delivery/cli/terminal/prompts";
import { SettingsError } from "../../../../delivery/common/errors";

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
    return confirmLoad(LOAD, signal, terminal);
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
    it(`treats ${what} as ${isAgreed ? "yes" : "no"}`, async () => {
      expect(await answerTo(answer)).to.equal(isAgreed);
    });
  }

  it("isn't asked without a terminal", async () => {
    expect(await answerTo("y\n", false)).to.equal(false);
  });
});

/** A terminal, with the parts that a line editor uses. */
function terminal() {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => modes.push(raw),
  });
  const output = new PassThrough();
  let shown = "";
  output.on("data", (chunk) => {
    shown += chunk;
  });
  const asked = askSecret({ question: "Key: ", input: input as unknown as NodeJS.ReadStream, output });
  return { input, modes, asked, shown: () => shown };
}

describe("A question for a secret", () => {
  it("echoes nothing that is typed, and restores the terminal", async () => {
    const { input, modes, asked, shown } = terminal();
    input.write("planted");
    input.write("-key\r");
    expect(await asked).to.equal("planted-key");
    expect(shown()).to.equal("Key: \n");
    expect(modes).to.deep.equal([true, false]);
  });

  it("lets a typo be corrected", async () => {
    const { input, asked } = terminal();
    input.write("kex\u007fy\r");
    expect(await asked).to.equal("key");
  });

  for (const [name, byte] of [
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ] as const) {
    it(`treats ${name} as no answer, and restores the terminal`, async () => {
      const { input, modes, asked } = terminal();
      input.write(byte);
      const error = await asked.catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(SettingsError);
      expect(modes.at(-1)).to.equal(false);
    });
  }
});

describe("A question for an MFA code", () => {
  const streams = (isTTY: boolean) => {
    const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: () => {} });
    const stderr = Object.assign(new PassThrough(), { isTTY });
    return { stdin, stderr, process: { stdin, stderr } as unknown as NodeJS.Process };
  };

  it("names the device, stops the display first, and takes the code without spaces", async () => {
    const { stdin, stderr, process } = streams(true);
    const order: string[] = [];
    stderr.on("data", (text) => order.push(String(text)));
    const asked = mfaPrompt(() => order.push("stopped"), process)?.("arn:aws:iam::111122223333:mfa/ann");
    stdin.write(" 123456 \r");
    expect(await asked).to.equal("123456");
    expect(order[0]).to.equal("stopped");
    expect(order.join("")).to.include("mfa/ann").and.not.include("123456");
  });

  it("isn't asked without a terminal", () => {
    expect(mfaPrompt(() => {}, streams(false).process)).to.equal(undefined);
  });
});
