import { PassThrough } from "node:stream";
import { expect } from "chai";
import { askSecret } from "../../../../delivery/cli/terminal/hiddenInput";
import { SettingsError } from "../../../../delivery/common/errors";

/** A terminal, as far as a line editor looks at it. */
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

describe("asking for a secret", () => {
  it("shows nothing of what is typed, and leaves the terminal as it was", async () => {
    const { input, modes, asked, shown } = terminal();
    input.write("planted");
    input.write("-key\r");
    expect(await asked).to.equal("planted-key");
    expect(shown()).to.equal("Key: \n");
    expect(modes).to.deep.equal([true, false]);
  });

  it("lets a slip be mended", async () => {
    const { input, asked } = terminal();
    input.write("kex\u007fy\r");
    expect(await asked).to.equal("key");
  });

  for (const [name, byte] of [
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ] as const) {
    it(`takes ${name} for no answer, and leaves the terminal as it was`, async () => {
      const { input, modes, asked } = terminal();
      input.write(byte);
      const error = await asked.catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(SettingsError);
      expect(modes.at(-1)).to.equal(false);
    });
  }
});
