import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect } from "chai";
import { measureLoad } from "../../bench/fleet/load";
import { skip } from "../skip";

describe("The load of other processes", () => {
  it("is their CPU time, also of processes that they started, and their highest memory", async function () {
    if (!existsSync("/proc/self/smaps_rollup")) skip(this, "this system has no /proc/self/smaps_rollup");
    const loadOf = (heldMiB: number) =>
      measureLoad(async () => {
        const busy = `const end = performance.now() + 700; const held = Buffer.alloc(${heldMiB} * 2 ** 20 + 1, 1);
          while (performance.now() < end) held[0] = 1;`;
        const script = '"$0" -e "$1"; exit 0';
        await once(spawn("sh", ["-c", script, process.execPath, busy], { stdio: "ignore" }), "close");
      });
    const [small, load] = [await loadOf(0), await loadOf(64)];
    expect(load.seconds).to.be.greaterThan(0.6);
    expect(load.cpuSeconds)
      .to.be.greaterThan(0)
      .and.to.be.lessThan(load.seconds + 0.5);
    // Processes of this worker's earlier tests may count too.
    expect(load.peakMiB - small.peakMiB).to.be.within(50, 100);
  });
});
