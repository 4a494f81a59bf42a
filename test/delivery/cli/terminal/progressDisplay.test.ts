import { PassThrough } from "node:stream";
import { expect } from "chai";
import { progressDisplay } from "../../../../delivery/cli/terminal/progressDisplay";

const HIDE = "\u001b[?25l";
const SHOW = "\u001b[?25h";

/** Records what is written to a stream. */
function watched(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80, rows: 24 });
  let written = "";
  stream.on("data", (chunk: Buffer) => {
    written += chunk.toString();
  });
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => written };
}

describe("The progress display", () => {
  it("shows a spinner on a terminal, and shows the cursor again when it is stopped twice", () => {
    const { stream, written } = watched(true);
    const display = progressDisplay(stream);
    display.show({ step: "checking" });
    display.stop();
    display.stop();
    expect(written()).to.include("checking").and.to.include(HIDE);
    expect(written().lastIndexOf(SHOW)).to.be.greaterThan(written().lastIndexOf(HIDE));
  });

  it("writes nothing to a terminal before there is progress", () => {
    const { stream, written } = watched(true);
    progressDisplay(stream).stop();
    expect(written()).to.equal("");
  });

  it("writes a line per step elsewhere, without control characters", () => {
    const { stream, written } = watched(false);
    const display = progressDisplay(stream);
    for (const step of ["one", "one", "two"]) display.show({ step });
    display.stop();
    expect(written()).to.equal("one\ntwo\n");
  });

  it("shows a bar as soon as there are events, and a line with their numbers elsewhere", () => {
    const sending = { step: "sending", eventsSent: 30, eventsDone: 10, eventsExpected: 40 };
    const terminal = watched(true);
    const live = progressDisplay(terminal.stream, "acknowledged");
    live.show({ step: "checking", eventsSent: 0, eventsDone: 0, eventsExpected: 40 });
    expect(terminal.written()).to.include("checking").and.not.to.include("/40");
    live.show(sending);
    live.stop();
    const piped = watched(false);
    progressDisplay(piped.stream, "acknowledged").show(sending);
    expect(piped.written()).to.equal("sending (30 sent, 10 acknowledged)\n");
  });
});
