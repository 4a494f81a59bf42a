import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { parseReport } from "../../delivery/report/parseReport";
import { findPulumiCli } from "../../sandbox/pulumi/provisioning/pulumiCli";
import { amplitudeKinesis } from "../delivery/cli/commandLine";
import { isAlive } from "../processes";
import { noteSkipped, skip } from "../skip";
import { until } from "../until";
import { copyCheckout } from "./pulumi/provisioning/checkout";
import { startLanguageHost } from "./pulumi/provisioning/languageHost";
import { processesNaming } from "./pulumi/provisioning/processes";
import { SandboxProcess } from "./sandboxProcess";

describe("npm run sandbox", function () {
  this.timeout(90_000);
  const running = new Set<SandboxProcess>();
  const started = (sandbox: SandboxProcess) => {
    running.add(sandbox);
    return sandbox;
  };
  const start = (args: string[]) => started(SandboxProcess.start(args));
  afterEach(() => {
    for (const sandbox of running) sandbox.kill("SIGKILL");
    running.clear();
  });

  it("onboards a customer with generated events and the shipped export, tests who can do what, and prints JSON and pages", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sandbox-report-"));
    const sandbox = start(["--json", "--report", folder]);
    expect(await sandbox.exited, sandbox.stderr).to.equal(0);
    const { verdict, engine, outputs, proofs, report } = JSON.parse(sandbox.stdout);
    expect(verdict).to.equal("verified");
    expect(engine).to.match(/^Pulumi/);
    expect(outputs.roleArn).to.match(/^arn:aws:iam::111122223333:role\/amplitude-role-[0-9a-f]{20}$/);
    expect(proofs.filter(({ holds }: { holds: boolean }) => !holds)).to.deep.equal([]);
    expect(proofs).to.have.length(7);
    expect(report).to.include({ eventsSent: 1_210, eventsDelivered: 1_210, route: "role" });
    const page = join(folder, "report.html");
    expect(sandbox.stderr).to.include(`page: ${page}\n`);
    expect(await readFile(page, "utf8")).to.match(/^<!doctype html>/);
    expect(parseReport(sandbox.stdout, "the result")).to.deep.equal(report);
    await rm(folder, { recursive: true });
    expect(sandbox.leftFolders()).to.deep.equal([]);
  });

  it("keeps running with --keep, even if nobody reads its result, reachable through the printed environment", async () => {
    const sandbox = start(["--events", "5", "--keep"]);
    sandbox.stopReading("stdout");
    await sandbox.says("pulumi up\n");
    const [sourcing = ""] = sandbox.stderr.match(/^\. .*$/m) ?? [];
    const env = Object.fromEntries(
      saidBySh(`${sourcing}\nenv`)
        .split("\n")
        .filter((line) => /^(AMPLITUDE|AWS|PULUMI|PATH)/.test(line))
        .map((line) => line.split("=") as [string, string]),
    );
    const verified = async (words: string) => {
      const args = saidBySh(`printf '%s\\n' ${words}`).trim().split("\n");
      const { stdout, stderr } = await amplitudeKinesis(["verify", ...args, "--events", "3", "--json"], {
        env,
      });
      const { verdict, route } = JSON.parse(stdout || stderr);
      return `${verdict}: ${route}`;
    };
    const commands = [...sandbox.stderr.matchAll(/^npx amplitude-kinesis verify (.*)$/gm)];
    const routes = await Promise.all(commands.map(([, words = ""]) => verified(words)));
    const ofStack = sandbox.stderr.includes("by Pulumi engine") ? ["verified: operator"] : [];
    expect(routes).to.deep.equal(["verified: operator", "verified: role", "verified: amplitude", ...ofStack]);
    expect(sandbox.stderr).to.include("✓ Amplitude's permission check");
    expect(sandbox.stderr).to.match(
      /^ALARM amplitude-guard-alarm-.*\n✓ the guard notices .*, after \d\.\d s$/m,
    );
    const [, words = ""] = /^npx amplitude-kinesis (reconcile .*)$/m.exec(sandbox.stderr) ?? [];
    const { stdout } = await amplitudeKinesis([...words.split(" "), "--json"], { env });
    const { eventsExported, eventsNotForwarded, eventsMissing, eventsDuplicated, eventsDifferent } =
      JSON.parse(stdout);
    const told = [eventsExported, eventsNotForwarded, eventsMissing, eventsDuplicated, eventsDifferent];
    const truth =
      /with (\d+) events of .* left out (\d+) .*\n(\d+) never arrived, (\d+) arrived twice, and (\d+) /.exec(
        sandbox.stderr,
      );
    expect(truth?.slice(1).map(Number)).to.deep.equal(told);
    expect(told.every((count) => count > 0)).to.equal(true);
    sandbox.kill("SIGINT");
    expect(await sandbox.exited).to.equal(0);
    expect(sandbox.stderr).not.to.match(/EPIPE|^\s+at /m);
    expect(sandbox.leftFolders()).to.deep.equal([]);
  });

  const interruptions: [moment: string, signal: NodeJS.Signals, status: number][] = [
    ["local AWS", "SIGINT", 130],
    ["✓ provisioned by", "SIGTERM", 143],
    ["assuming the role", "SIGHUP", 129],
    ["sending events", "SIGINT", 130],
  ];
  for (const [moment, signal, status] of interruptions) {
    it(`ends at once and quietly by ${signal} to all its processes after «${moment}»`, async () => {
      const args = ["--events", "20000"];
      const sandbox = started(
        moment.includes("provisioned")
          ? SandboxProcess.startInGroup(args)
          : SandboxProcess.startWithoutEngine(args, true),
      );
      await sandbox.says(moment);
      const family = sandbox.family();
      const before = sandbox.stderr.length;
      const startedAt = performance.now();
      sandbox.signalGroup(signal);
      expect(await sandbox.exited, sandbox.stderr).to.equal(status);
      expect(performance.now() - startedAt).to.be.lessThan(5_000);
      expect(sandbox.stdout).to.equal("");
      expect(sandbox.stderr.slice(before)).to.match(/^(?:[✓a-z][^\n]*\n)*sandbox: interrupted\n$/);
      expect(sandbox.stderr).not.to.match(/^\s+at /m);
      await until(() => !family.some(isAlive));
      expect(sandbox.leftFolders()).to.deep.equal([]);
    });
  }

  it("ends a running pulumi command when it is interrupted", async () => {
    const bin = await mkdtemp(join(tmpdir(), "pulumi-"));
    try {
      const script =
        '#!/bin/sh\nfor word; do [ "$word" = version ] && echo v3.259.0 && exit; done\nexec sleep 600\n';
      await writeFile(join(bin, "pulumi"), script, { mode: 0o755 });
      const sandbox = started(SandboxProcess.startInGroup([], { PATH: `${bin}:${process.env.PATH}` }));
      await until(async () => (await processesNaming(bin)).some((command) => command.startsWith("sleep")));
      const family = sandbox.family();
      sandbox.signalGroup("SIGINT");
      expect(await sandbox.exited, sandbox.stderr).to.equal(130);
      expect(sandbox.stderr).to.match(/^local AWS: .*\nsandbox: interrupted\n$/);
      expect(family.filter(isAlive)).to.deep.equal([]);
      expect(sandbox.leftFolders()).to.deep.equal([]);
    } finally {
      await rm(bin, { recursive: true });
    }
  });

  it("runs to its end if nobody reads its output", async () => {
    const sandbox = started(SandboxProcess.startWithoutEngine(["--events", "5", "--json"]));
    sandbox.stopReading("stdout", "stderr");
    expect(await sandbox.exited).to.equal(0);
    expect(sandbox.leftFolders()).to.deep.equal([]);
  });

  it("exits 3 with a clear message if the result can't be written", async function () {
    if (process.platform !== "linux") skip(this, "only Linux has /dev/full");
    const sandbox = started(SandboxProcess.startOnFullDisk(["--events", "1"]));
    expect(await sandbox.exited).to.equal(3);
    expect(sandbox.stderr).to.match(/^sandbox: the result can't be written: ENOSPC.*\n$/m);
    expect(sandbox.leftFolders()).to.deep.equal([]);
  });

  it("leaves no process behind if it is killed, and removes its files at the next start", async () => {
    const killed: SandboxProcess[] = [];
    for (const moment of ["local AWS", "✓ provisioned by", "sending events"]) {
      const args = ["--events", "3000"];
      const sandbox = started(SandboxProcess.startWithoutEngine(args));
      await sandbox.says(moment);
      const family = sandbox.family();
      expect(family.length, moment).to.be.greaterThan(1);
      sandbox.kill("SIGKILL");
      await until(() => !family.some(isAlive));
      killed.push(sandbox);
    }
    await expectUsageError(
      ["--export", join(tmpdir(), "no-such-file.zip")],
      /^sandbox: .*no-such-file\.zip.*\n$/,
    );
    for (const sandbox of killed) expect(sandbox.leftFolders()).to.deep.equal([]);
  });

  it("shows the form's three values, lets the ordinary pulumi command bring up a checkout in three lines, and ends if npm is killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keep test "));
    const host = await startLanguageHost();
    try {
      // A shell is between npm and the sandbox.
      const npm = started(SandboxProcess.startBelowShell(["--events", "1", "--keep"]));
      const hasPulumi = (await findPulumiCli(folder)) !== undefined;
      const checkout = join(folder, "checkout");
      await copyCheckout(checkout);
      await npm.says("pulumi up\n");
      await until(() => npm.stdout.includes("AWS region"));
      expect(npm.stdout)
        .to.match(/VERIFIED/)
        .and.to.match(/events sent +1\n/);
      expect(npm.stdout).to.match(/\| AWS region \| `us-east-1` \|/);
      const lines = npm.stderr.match(/^(\. |pulumi ).*$/gm) ?? [];
      expect(lines).to.have.lengthOf(3);
      if (hasPulumi) {
        const script = lines.join("\n").replace(/^pulumi up$/m, "$& --yes --skip-preview");
        const env = { ...process.env, ...host.environment, TMPDIR: folder };
        const { stdout } = await promisify(execFile)("sh", ["-euc", script], { cwd: checkout, env });
        expect(stdout)
          .to.match(/\+ 6 created/)
          .and.to.include("arn:aws:iam::111122223333:role/");
      } else noteSkipped("the pulumi commands that the sandbox prints", "no pulumi is on PATH");
      const family = npm.family();
      npm.kill("SIGKILL");
      await until(() => !family.some(isAlive));
    } finally {
      host.stop();
      await rm(folder, { recursive: true });
    }
  });

  const hint = "\\(npm run sandbox -- --help shows the options\\)\\n$";
  for (const [what, args, says] of [
    ["no events", ["--events", "0"], new RegExp(`^error: .*integer from 1 .*\n${hint}`)],
    ["an empty value", ["--export", ""], new RegExp(`^error: option '--export .*empty value.*\n${hint}`)],
    ["an unknown option", ["--evnets"], new RegExp(`^error: unknown option.*\n.*\n${hint}`)],
  ] as const) {
    it(`exits 2 for ${what}`, () => expectUsageError([...args], says));
  }

  async function expectUsageError(args: string[], says: RegExp): Promise<void> {
    const sandbox = start(args);
    expect(await sandbox.exited).to.equal(2);
    expect(sandbox.stderr)
      .to.match(says)
      .and.not.to.match(/^\s+at /m);
    expect(sandbox.leftFolders()).to.deep.equal([]);
  }
});

function saidBySh(script: string): string {
  return execFileSync("sh", ["-c", script], { encoding: "utf8" });
}
