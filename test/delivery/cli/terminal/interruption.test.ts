import { expect } from "chai";
import { interruption } from "../../../../delivery/cli/terminal/interruption";

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

  it("aborts gracefully at the first signal, and ends the process with the shell's status at the second", () => {
    const left: string[] = [];
    const { signal, release } = interruption(() => left.push("left"), "reading back what was sent");
    try {
      terminate();
      expect([signal.aborted, status, left]).to.deep.equal([true, undefined, []]);
      expect(signal.reason).to.include({ name: "Interrupted", exitCode: 143 });
      expect(printed).to.equal(
        "\nInterrupted: reading back what was sent. Press Ctrl-C again to quit immediately.\n",
      );
      terminate();
      expect([status, left]).to.deep.equal([143, ["left"]]);
    } finally {
      release();
    }
  });

  it("restores the signals' default handling", () => {
    const before = process.listenerCount("SIGTERM");
    interruption(() => {}, "nothing").release();
    interruption(() => {}).release();
    expect(process.listenerCount("SIGTERM")).to.equal(before);
  });

  it("is the error of the task that it aborts, with the exit status", async () => {
    const { signal, release } = interruption(() => {});
    const ended = new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    terminate();
    const error = await ended.catch((reason) => reason);
    release();
    expect(printed).to.equal("");
    expect(error).to.include({ name: "Interrupted", exitCode: 143 });
  });
});
