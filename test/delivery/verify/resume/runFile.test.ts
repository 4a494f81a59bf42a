import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { expect } from "chai";
import { DeliveryError } from "../../../../delivery";
import {
  defaultRunFolder,
  makeRunFolder,
  type RunFileEntry,
  type RunHeader,
  readRunFile,
  readRunHeader,
  runFilePath,
} from "../../../../delivery/verify/resume/runFile";
import { RunFile } from "../../../../delivery/verify/resume/runJournal";
import { TYPESCRIPT } from "../../../processes";
import { skip } from "../../../skip";

const HEADER: RunHeader = {
  format: 2,
  runId: "AAAAAAAAAAAA",
  outputs: { roleArn: "arn:aws:iam::111122223333:role/writer", region: "eu-central-1", streamName: "events" },
  startedAt: 1_000,
  readFrom: 500,
  source: null,
};
const ENTRIES: RunFileEntry[] = [
  { kind: "attempt", at: 1, events: [[0, 1]], hashes: "aGFzaA==" },
  { kind: "outcome", acknowledged: [["shardId-000000000000", [[0, 1]]]] },
];

function errorOf(action: () => unknown): DeliveryError {
  try {
    action();
  } catch (error) {
    if (error instanceof DeliveryError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

async function failureOf(promise: Promise<unknown>): Promise<DeliveryError> {
  const error = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (error instanceof DeliveryError) return error;
  throw new Error(`not refused: ${error}`);
}

describe("A run's file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "runs-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const written = () => {
    const file = RunFile.create(folder, HEADER);
    for (const entry of ENTRIES) file.append(entry);
    file.close();
    return file.path;
  };
  const readEntries = async (path: string) => {
    const entries: RunFileEntry[] = [];
    const header = await readRunFile(path, (entry) => entries.push(entry));
    return { header, entries };
  };

  it("reads back what was written", async () => {
    expect(await readEntries(written())).to.deep.equal({ header: HEADER, entries: ENTRIES });
    expect(await readRunHeader(runFilePath(folder, HEADER.runId))).to.deep.equal(HEADER);
  });

  it("is readable only by its owner", () => {
    expect(statSync(written()).mode & 0o777).to.equal(0o600);
  });

  it("has each line with the operating system before `append` returns", () => {
    const file = RunFile.create(folder, HEADER);
    file.append(ENTRIES[0] as RunFileEntry);
    expect(readFileSync(file.path, "utf8").split("\n")).to.have.length(3);
    file.close();
  });

  it("survives the loss of any number of bytes at its end: complete lines stay, and it can be appended to", async () => {
    const whole = readFileSync(written());
    const path = runFilePath(folder, HEADER.runId);
    const firstLine = whole.indexOf("\n") + 1;
    for (let length = firstLine; length < whole.length; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      const { entries } = await readEntries(path);
      const lines = whole.subarray(0, length).toString().split("\n").length - 2;
      expect(entries, `${length} bytes`).to.deep.equal(ENTRIES.slice(0, lines));
      const file = RunFile.reopen(path);
      file.append(ENTRIES[1] as RunFileEntry);
      file.close();
      expect((await readEntries(path)).entries).to.deep.equal([...ENTRIES.slice(0, lines), ENTRIES[1]]);
    }
  });

  it("stays as it is if it holds blank lines", async () => {
    const path = written();
    const blank = readFileSync(path, "utf8").replace("\n", "\n\n");
    writeFileSync(path, blank);
    expect((await readEntries(path)).entries).to.deep.equal(ENTRIES);
    expect(readFileSync(path, "utf8")).to.equal(blank);
  });

  for (const [name, line] of [
    ["its last line", 3],
    ["a line before its last", 2],
  ] as const) {
    it(`is rejected if ${name} is complete but no JSON, because what it says may have been done`, async () => {
      const path = written();
      const lines = readFileSync(path, "utf8").split("\n");
      lines[line - 1] = (lines[line - 1] ?? "").slice(1);
      const damaged = lines.join("\n");
      writeFileSync(path, damaged);
      const { code, message } = await failureOf(readEntries(path));
      expect(code).to.equal("run-file");
      expect(message).to.include(`line ${line} is damaged`);
      expect(readFileSync(path, "utf8")).to.equal(damaged);
    });
  }

  it("is rejected with a remedy if it is missing, or not a run file", async () => {
    expect((await failureOf(readEntries(join(folder, "none.run")))).message).to.include(
      "a decided run deletes its file",
    );
    for (const text of ["", "hello", "hello\nworld\n", '{"format":1}\n']) {
      writeFileSync(join(folder, "other.run"), text);
      const { code, message } = await failureOf(readEntries(join(folder, "other.run")));
      expect(code).to.equal("run-file");
      expect(message).to.include("other.run").and.to.include("--resume");
      expect((await failureOf(readRunHeader(join(folder, "other.run")))).code).to.equal("run-file");
    }
  });

  it("belongs to one process at a time", () => {
    const file = RunFile.create(folder, HEADER);
    expect(errorOf(() => RunFile.reopen(file.path)).message).to.include(`${process.pid}`);
    file.close();
    writeFileSync(`${file.path}.lock`, `${process.ppid}\n`);
    expect(errorOf(() => RunFile.reopen(file.path)).message).to.include(
      `Process ${process.ppid} is using the run`,
    );
  });

  it("is taken over from a dead process", () => {
    const path = written();
    for (const holder of ["999999999", "nobody", "", String(process.pid)]) {
      writeFileSync(`${path}.lock`, holder);
      RunFile.reopen(path).close();
      expect(existsSync(`${path}.lock`)).to.equal(false);
    }
  });

  it("belongs to one of several processes that take it over from a dead one at once", async () => {
    const path = written();
    const lockModule = require.resolve("../../../../delivery/verify/resume/runJournal");
    const program = `
      const { lockRun } = require(${JSON.stringify(lockModule)});
      process.stdout.write("ready\\n");
      let lock;
      process.on("message", (what) => {
        if (what === "take") {
          try { lock = lockRun(${JSON.stringify(path)}); } catch { lock = undefined; }
        } else lock?.release();
        process.send(what === "take" && lock !== undefined);
      });`;
    const racers = Array.from({ length: 3 }, () =>
      spawn(process.execPath, ["--require", TYPESCRIPT, "-e", program], {
        stdio: ["ignore", "pipe", "inherit", "ipc"],
      }),
    );
    const told = async (what: "take" | "release") => {
      const answers = racers.map((racer) => once(racer, "message"));
      for (const racer of racers) racer.send(what);
      return (await Promise.all(answers)).flat();
    };
    try {
      await Promise.all(racers.map(({ stdout }) => once(stdout as Readable, "data")));
      for (let round = 0; round < 40; round += 1) {
        writeFileSync(`${path}.lock`, "999999999");
        const taken = await told("take");
        expect(
          taken.filter((one) => one === true),
          `round ${round}`,
        ).to.have.length(1);
        await told("release");
      }
    } finally {
      for (const racer of racers) racer.kill();
    }
  });

  it("is removed with its lock once the run is decided", () => {
    const file = RunFile.create(folder, HEADER);
    file.remove();
    expect(existsSync(file.path)).to.equal(false);
    expect(existsSync(`${file.path}.lock`)).to.equal(false);
  });

  it("can't be created twice, nor without its folder, and says what to do", () => {
    RunFile.create(folder, HEADER).close();
    expect(errorOf(() => RunFile.create(folder, HEADER)).code).to.equal("run-file");
    const { code, message } = errorOf(() => RunFile.create(join(folder, "no", "folder"), HEADER));
    expect(code).to.equal("run-file");
    expect(message).to.include("--run-folder").and.to.include("--no-run-file");
    appendFileSync(join(folder, "file"), "");
    expect(errorOf(() => makeRunFolder(join(folder, "file", "runs"))).message).to.include("--run-folder");
  });

  it("removes a line that only fits in part, so that later lines can be read", async function () {
    if (process.platform === "win32") skip(this, "Windows has no ulimit");
    const program = `
      const { RunFile } = require(${JSON.stringify(require.resolve("../../../../delivery/verify/resume/runJournal"))});
      const [header, entry] = ${JSON.stringify([HEADER, ENTRIES[1]])};
      const file = RunFile.create(${JSON.stringify(folder)}, header);
      try {
        file.append({ ...entry, refused: [[{ code: "x", detail: "x".repeat(4096) }, [[0, 1]]]] });
      } catch (error) {
        process.stdout.write(error.code);
      }
      file.append(entry);
      file.close();`;
    const limited = `ulimit -f 2; exec "$0" --require '${TYPESCRIPT}' -e "$1"`;
    const told = execFileSync("/bin/sh", ["-c", limited, process.execPath, program], { encoding: "utf8" });
    expect(told).to.equal("run-file");
    const { entries } = await readEntries(runFilePath(folder, HEADER.runId));
    expect(entries).to.deep.equal([ENTRIES[1]]);
  });

  it("leaves nothing if its first line does not fit", async function () {
    if (process.platform === "win32") skip(this, "Windows has no ulimit");
    const header = { ...HEADER, source: "x".repeat(4096) };
    const program = `
      const { RunFile } = require(${JSON.stringify(require.resolve("../../../../delivery/verify/resume/runJournal"))});
      try {
        RunFile.create(${JSON.stringify(folder)}, ${JSON.stringify(header)});
      } catch (error) {
        process.stdout.write(error.code);
      }`;
    const limited = 'ulimit -f 2; exec "$0" --require tsx/cjs -e "$1"';
    const told = execFileSync("/bin/sh", ["-c", limited, process.execPath, program], { encoding: "utf8" });
    expect(told).to.equal("run-file");
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it("reports a full disk", function () {
    if (!existsSync("/dev/full")) skip(this, "this system has no /dev/full");
    symlinkSync("/dev/full", join(folder, "full.run"));
    const file = RunFile.reopen(join(folder, "full.run"));
    try {
      const { code, message } = errorOf(() => file.append(ENTRIES[0] as RunFileEntry));
      expect(code).to.equal("run-file");
      expect(message)
        .to.match(/ENOSPC|no space/)
        .and.to.include("Free disk space");
    } finally {
      file.close();
    }
  });
});

describe("The folder of runs", () => {
  const cases: [NodeJS.Platform, NodeJS.ProcessEnv, string][] = [
    ["linux", { XDG_STATE_HOME: "/state" }, "/state/amplitude-kinesis"],
    ["darwin", { LOCALAPPDATA: "/no" }, ".local/state/amplitude-kinesis"],
    ["linux", { XDG_STATE_HOME: "" }, ".local/state/amplitude-kinesis"],
    ["win32", { LOCALAPPDATA: "C:/Local", XDG_STATE_HOME: "/no" }, "C:/Local/amplitude-kinesis"],
  ];
  for (const [platform, environment, ends] of cases) {
    it(`is $endson $platformwith ${JSON.stringify(environment)}`, () => {
      const path = defaultRunFolder(environment, platform).replaceAll("\\", "/");
      expect(path.endsWith(ends), path).to.equal(true);
    });
  }
});
