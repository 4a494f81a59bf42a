import { EventEmitter } from "node:events";
import { expect } from "chai";
import { Interrupted, Interruption, unlessAborted } from "../../../sandbox/process/interruption";

describe("an interruption", () => {
  let time: number;
  let source: EventEmitter;
  let endedWith: number[];
  let interruption: Interruption;
  beforeEach(() => {
    time = 0;
    source = new EventEmitter();
    endedWith = [];
    const endAtOnce = (status: number) => endedWith.push(status);
    interruption = new Interruption({ endAtOnce, source, now: () => time });
  });

  for (const [name, status] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    it(`by ${name} aborts running work, with the exit status ${status}`, () => {
      source.emit(name);
      expect(interruption.signal.reason).to.be.instanceOf(Interrupted).and.to.include({ status });
      expect(endedWith).to.deep.equal([]);
    });
  }

  it("ends at once after a second signal, but not after npm's copy of the first", () => {
    source.emit("SIGINT");
    time = 199;
    source.emit("SIGINT");
    expect(endedWith).to.deep.equal([]);
    time = 200;
    source.emit("SIGTERM");
    expect(endedWith).to.deep.equal([143]);
  });

  it("is no longer handled once it is released", () => {
    interruption.release();
    source.emit("SIGINT");
    expect(interruption.signal.aborted).to.equal(false);
    expect(source.eventNames()).to.deep.equal([]);
  });

  it("ends the wait for running work, and starts no other", async () => {
    const waiting = unlessAborted(interruption.signal, () => new Promise(() => undefined)).catch(
      (error) => error,
    );
    source.emit("SIGINT");
    expect(await waiting).to.equal(interruption.signal.reason);
    let begun = false;
    const late = unlessAborted(interruption.signal, async () => {
      begun = true;
    });
    expect(await late.catch((error) => error)).to.equal(interruption.signal.reason);
    expect(begun).to.equal(false);
  });
});
