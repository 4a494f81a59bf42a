import { PassThrough } from "node:stream";
import { expect } from "chai";
import { fleetDisplay } from "../../../../delivery/cli/terminal/fleetDisplay";
import type { CustomerResult } from "../../../../delivery/fleet/report";
import { notStarted } from "../../../../delivery/fleet/results";

/** A stream that keeps what is written to it, as a terminal of that size or as a file. */
function output(terminal?: { columns: number; rows: number }) {
  const stream = new PassThrough().setEncoding("utf8");
  const properties = terminal === undefined ? {} : { isTTY: true, hasColors: () => false, ...terminal };
  const written = () => (stream.read() as string | null) ?? "";
  return { stream: Object.assign(stream, properties) as unknown as NodeJS.WriteStream, written };
}

const done = (stack: string, changes: Partial<CustomerResult>): CustomerResult => ({
  ...notStarted(stack, "up"),
  cause: null,
  durationInSeconds: 12.4,
  ...changes,
});
const FAILED = done("globex", { outcome: "failed", cause: "a lock\u001b[2J", log: "globex.log" });

describe("The display of a fleet", () => {
  it("is a line per step and per customer without a terminal", () => {
    const { stream, written } = output();
    const display = fleetDisplay(stream, 3);
    display.step("acme", "up");
    display.done(done("acme", { outcome: "succeeded", verdict: "verified", changes: { create: 6 } }));
    display.done(done("initech", { outcome: "succeeded", changes: { same: 6 } }));
    display.done(FAILED);
    display.stop();
    expect(written()).to.equal(
      "acme: up…\n✓ acme: verified (12 s)\n✓ initech: up succeeded, no changes (12 s)\n✗ globex: failed: a lock\ufffd[2J [globex.log] (12 s)\n",
    );
  });

  it("fits every terminal, counts who is done, and disappears at the end", () => {
    for (const size of [
      { columns: 20, rows: 5 },
      { columns: 100, rows: 40 },
    ]) {
      const { stream, written } = output(size);
      const display = fleetDisplay(stream, 40);
      for (let number = 10; number < 40; number++) display.step(`customer-${number}`, "verify");
      written();
      display.step("customer-39", "check");
      const drawn = written().split("\n");
      expect(drawn.length).to.be.at.most(size.rows);
      for (const line of drawn.slice(1)) expect(line.length).to.be.below(size.columns);
      display.done(FAILED);
      expect(written())
        .to.match(/✗ globex: failed/)
        .and.to.match(/1 of 40 custo/);
      display.stop();
      expect(written()).to.satisfy((text: string) => text.endsWith("A\r\u001b[J"));
    }
  });

  it("writes only what has changed, and below what else was written", () => {
    const { stream, written } = output({ columns: 80, rows: 24 });
    const display = fleetDisplay(stream, 1);
    display.step("acme", "up");
    written();
    display.step("acme", "up");
    expect(written()).to.equal("");
    display.detach();
    display.step("acme", "check");
    expect(written()).to.match(/^ {2}acme +check +0 s\n0 of 1 customer done\n$/);
    display.stop();
  });
});
