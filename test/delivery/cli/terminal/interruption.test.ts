import { expect } from "chai";
import { interruption, untilInterrupted } from "../../../../delivery/cli/terminal/interruption";

describe("An interruption", () => {
  const { exit } = process;
  const { write } = process.stderr;
  let printed: string;
  let status: number | undefined;
  beforeEach(() => {
    printed = "";
    status = undefined;
    process.exit = ((code: number) => {
      status = code;
    }) as typeof process.exit;
    process.stderr.write = ((text: string) => {
      printed += text;
      return true;
    }) as typeof process.stderr.write;
  });
  afterEach(() => {
    process.exit = exit;
    process.stderr.write = write;
  });
  const terminate = () => process.emit("SIGTERM", "SIGTERM");

  it("lets what is under way end at the first signal, and ends the process as shells have it at the second", () => {
    const left: string[] = [];
    const { signal, release } = interruption(() => left.push("left"), "what was sent is still read");
    try {
      terminate();
      expect([signal.aborted, status, left]).to.deep.equal([true, undefined, []]);
      expect(printed).to.equal("\nInterrupted: what was sent is still read. Once more ends it at once.\n");
      terminate();
      expect([status, left]).to.deep.equal([143, ["left"]]);
    } finally {
      release();
    }
  });

  it("leaves the signals to the system afterwards", async () => {
    const before = process.listenerCount("SIGTERM");
    interruption(() => {}, "nothing").release();
    await untilInterrupted(async () => {});
    expect(process.listenerCount("SIGTERM")).to.equal(before);
  });

  it("is the error of what it ends at once, with the exit status", async () => {
    const ended = untilInterrupted(
      (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    );
    terminate();
    const error = await ended.catch((reason) => reason);
    expect(error).to.include({ name: "Interrupted", exitCode: 143 });
  });
});
