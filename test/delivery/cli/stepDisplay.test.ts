import { PassThrough } from "node:stream";
import { expect } from "chai";
import { stepDisplay } from "../../../delivery/cli/stepDisplay";

const HIDE = "\u001b[?25l";
const SHOW = "\u001b[?25h";

/** What is written to a stream, a terminal or not. */
function watched(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80, rows: 24 });
  let written = "";
  stream.on("data", (chunk: Buffer) => {
    written += chunk.toString();
  });
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => written };
}

describe("What shows the steps", () => {
  it("spins on a terminal, and leaves the cursor shown, however often it is stopped", () => {
    const { stream, written } = watched(true);
    const display = stepDisplay(stream);
    display.show("checking");
    display.stop();
    display.stop();
    expect(written()).to.include("checking").and.to.include(HIDE);
    expect(written().lastIndexOf(SHOW)).to.be.greaterThan(written().lastIndexOf(HIDE));
  });

  it("leaves a terminal alone that it has shown nothing on", () => {
    const { stream, written } = watched(true);
    stepDisplay(stream).stop();
    expect(written()).to.equal("");
  });

  it("writes a line a step elsewhere, and no control character", () => {
    const { stream, written } = watched(false);
    const display = stepDisplay(stream);
    for (const step of ["one", "one", "two"]) display.show(step);
    display.stop();
    expect(written()).to.equal("one\ntwo\n");
  });
});
