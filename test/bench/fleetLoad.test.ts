import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect } from "chai";
import { measureLoad } from "../../bench/fleet/load";
import { skip } from "../skip";

describe("The load of other processes", function () {
  this.timeout(20_000);

  it("is their CPU time, also of processes that they started, and their highest memory", async function () {
    if (!existsSync("/proc/self/smaps_rollup")) skip(this, "this system has no /proc/self/smaps_rollup");
    const busy = `const end = performance.now() + 700; const held = Buffer.alloc(64 * 2 ** 20, 1);
      while (performance.now() < end) held[0] = 1;`;
    const load = await measureLoad(async () => {
      const script = '"$0" -e "$1"; exit 0';
      await once(spawn("sh", ["-c", script, process.execPath, busy], { stdio: "ignore" }), "close");
    });
    expect(load.seconds).to.be.greaterThan(0.6);
    expect(load.cpuSeconds)
      .to.be.greaterThan(0)
      .and.to.be.lessThan(load.seconds + 0.5);
    expect(load.peakMiB).to.be.greaterThan(64).and.to.be.lessThan(400);
  });
});
