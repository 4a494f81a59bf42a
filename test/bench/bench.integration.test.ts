import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { LIMITS, medians, ratioOf } from "../../bench/delivery/limits";
import { PATHS } from "../../bench/delivery/paths";

const ROOT = join(__dirname, "../..");

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** `npm run bench -- …`, without npm. */
function bench(...args: string[]): Promise<Ended> {
  const command = ["--require", "tsx/cjs", "bench/main.ts", ...args];
  return new Promise((resolve) =>
    execFile(process.execPath, command, { cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    ),
  );
}

describe("npm run bench", function () {
  this.slow(20_000);

  it("measures the selected paths, and says whether their limits are exceeded", async () => {
    const ours = [
      "--only",
      "SDK, from bytes",
      "--only",
      "ours, from bytes",
      "--only",
      "of verify",
      "--only",
      "verify:",
    ];
    const { code, stdout, stderr } = await bench(
      "--rounds",
      "1",
      "--events",
      "10000",
      ...ours,
      "--most",
      "10000",
      "--json",
    );
    expect(code, stderr).to.equal(0);
    const { paths, limits } = JSON.parse(stdout);
    expect(paths.map(({ name }: { name: string }) => name)).to.deep.equal([
      "write: the SDK, from bytes",
      "write: ours, from bytes",
      "write: ours, events of verify",
      "read: ours, events of verify",
      "verify: generate, hash, send, read, match",
    ]);
    for (const { cpuPerMillion, perSecond, megabytes } of paths)
      for (const figure of [cpuPerMillion, perSecond, megabytes]) expect(figure).to.be.within(0.1, 1e7);
    expect(limits).to.have.length(1);
    expect(limits[0].isExceeded).to.equal(limits[0].measured > limits[0].limit);
  });

  it("rejects invalid options", async () => {
    for (const [args, why] of [
      [["--rounds", "0"], /--rounds "0" must be an integer from 1/],
      [["--events", "many"], /--events "many" must be an integer from 10000/],
      [["--only", "no such path"], /no path has such a name/],
    ] as const) {
      const { code, stderr } = await bench(...args);
      expect(code).to.equal(1);
      expect(stderr).to.match(why);
    }
  });

  it("has the limits of its README, each for existing paths", async () => {
    const readme = await readFile(join(ROOT, "bench/README.md"), "utf8");
    for (const { of, to, limit } of LIMITS) {
      for (const name of [of, ...to]) expect(PATHS).to.have.property(name);
      // A row holds the measured ratio, then the limit.
      expect(readme).to.match(
        new RegExp(`^\\|[^|]+\\| [\\d.]+ \\| ${String(limit).replace(".", "\\.")} \\|`, "m"),
      );
    }
  });

  it("takes the median of the rounds' ratios, not the ratio of the medians", () => {
    const rounds = (...cpus: number[]) =>
      cpus.map((cpuPerMillion) => ({ cpuPerMillion, perSecond: 1, megabytes: 1 }));
    const ratioLimit = { of: "read: ours", to: ["read: the SDK", "read: by hand"], limit: 1 } as const;
    const figures = {
      "read: ours": rounds(1, 8, 3),
      "read: the SDK": rounds(1, 2, 3),
      "read: by hand": rounds(1, 2, 0),
    };
    expect(ratioOf(figures, { ...ratioLimit, to: [...ratioLimit.to] })).to.equal(1);
    expect(medians(rounds(5, 1, 3)).cpuPerMillion).to.equal(3);
  });
});
