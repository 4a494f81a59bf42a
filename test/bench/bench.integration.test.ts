import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { PATHS } from "../../bench/delivery/paths";
import { medians, PROMISES, ratioOf } from "../../bench/delivery/promises";

const ROOT = join(__dirname, "../..");

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** `npm run bench -- …`, without npm. */
function bench(...args: string[]): Promise<Ended> {
  const command = ["--require", "tsx/cjs", "bench/delivery/main.ts", ...args];
  return new Promise((resolve) =>
    execFile(process.execPath, command, { cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    ),
  );
}

describe("npm run bench", function () {
  this.timeout(60_000);
  this.slow(20_000);

  it("measures what it is asked for, and says whether the promises are kept", async () => {
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
    const { paths, promises } = JSON.parse(stdout);
    expect(paths.map(({ name }: { name: string }) => name)).to.deep.equal([
      "write: the SDK, from bytes",
      "write: ours, from bytes",
      "write: ours, events of verify",
      "read: ours, events of verify",
      "verify: generate, hash, send, read, match",
    ]);
    for (const { cpuPerMillion, perSecond, megabytes } of paths)
      for (const figure of [cpuPerMillion, perSecond, megabytes]) expect(figure).to.be.within(0.1, 1e7);
    expect(promises).to.have.length(1);
    expect(promises[0].kept).to.equal(promises[0].measured <= promises[0].atMost);
  });

  it("refuses what it can't measure", async () => {
    for (const [args, why] of [
      [["--rounds", "0"], /--rounds "0" must be a whole number from 1/],
      [["--events", "many"], /--events "many" must be a whole number from 10000/],
      [["--only", "no such path"], /no path is called so/],
    ] as const) {
      const { code, stderr } = await bench(...args);
      expect(code).to.equal(1);
      expect(stderr).to.match(why);
    }
  });

  it("promises ratios of paths that there are, as its README has them", async () => {
    const readme = await readFile(join(ROOT, "bench/README.md"), "utf8");
    for (const { of, to, atMost } of PROMISES) {
      for (const name of [of, ...to]) expect(PATHS).to.have.property(name);
      // Of a row of ratios: what was measured, and then what is promised.
      expect(readme).to.match(
        new RegExp(`^\\|[^|]+\\| [\\d.]+ \\| ${String(atMost).replace(".", "\\.")} \\|`, "m"),
      );
    }
  });

  it("takes the median of the rounds' ratios, not the ratio of the medians", () => {
    const rounds = (...cpus: number[]) =>
      cpus.map((cpuPerMillion) => ({ cpuPerMillion, perSecond: 1, megabytes: 1 }));
    const promised = { of: "read: ours", to: ["read: the SDK", "read: by hand"], atMost: 1 } as const;
    const figures = {
      "read: ours": rounds(1, 8, 3),
      "read: the SDK": rounds(1, 2, 3),
      "read: by hand": rounds(1, 2, 0),
    };
    expect(ratioOf(figures, { ...promised, to: [...promised.to] })).to.equal(1);
    expect(medians(rounds(5, 1, 3)).cpuPerMillion).to.equal(3);
  });
});
