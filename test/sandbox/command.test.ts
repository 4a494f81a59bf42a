import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { amplitudeKinesis } from "../delivery/cli/commandLine";
import { until } from "./localAws";
import { isAlive, SandboxProcess } from "./sandboxProcess";

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

  it("onboards a customer, proves who may do what, and prints the result as JSON", async () => {
    const sandbox = start(["--events", "30", "--json"]);
    expect(await sandbox.exited, sandbox.stderr).to.equal(0);
    const { verdict, engine, outputs, proofs, report } = JSON.parse(sandbox.stdout);
    expect(verdict).to.equal("verified");
    expect(engine).to.match(/^Pulumi/);
    expect(outputs.roleArn).to.match(/^arn:aws:iam::111122223333:role\/amplitude-role-[0-9a-f]{20}$/);
    expect(proofs.filter(({ holds }: { holds: boolean }) => !holds)).to.deep.equal([]);
    expect(proofs).to.have.length(7);
    expect(report).to.include({ eventsSent: 30, eventsDelivered: 30, route: "role" });
    expect(sandbox.leftFolders()).to.deep.equal([]);
  });

  it("streams generated events and the shipped export where nothing is chosen, and shows the form's three values", async () => {
    const sandbox = start([]);
    expect(await sandbox.exited, sandbox.stderr).to.equal(0);
    expect(sandbox.stdout)
      .to.match(/VERIFIED/)
      .and.to.match(/events sent +1210\n/);
    expect(sandbox.stdout).to.match(/\| AWS region \| `us-east-1` \|/);
  });

  it("stays up with --keep, reachable by the environment that it prints, until it is interrupted", async () => {
    const sandbox = start(["--events", "5", "--keep"]);
    await sandbox.says("a third account");
    const env = Object.fromEntries(
      [...sandbox.stderr.matchAll(/^export (.*)$/gm)].flatMap(([, assignments = ""]) =>
        assignments.split(" ").map((assignment) => assignment.split("=") as [string, string]),
      ),
    );
    const [, outputs = ""] = sandbox.stderr.match(/--outputs (\S+)/) ?? [];
    const args = ["verify", "--outputs", outputs, "--events", "3", "--json"];
    const asOperator = await amplitudeKinesis(args, { env });
    expect(JSON.parse(asOperator.stdout), asOperator.stderr).to.include({
      verdict: "verified",
      route: "operator",
    });
    const asAmplitude = await amplitudeKinesis([...args, "--sender-profile", "amplitude"], { env });
    expect(JSON.parse(asAmplitude.stdout), asAmplitude.stderr).to.include({
      verdict: "verified",
      route: "role",
    });
    sandbox.kill("SIGINT");
    expect(await sandbox.exited).to.equal(0);
    expect(sandbox.leftFolders()).to.deep.equal([]);
  });

  for (const moment of ["AWS on this machine", "✓ provisioned by", "sending events"]) {
    it(`leaves no process behind where it is killed after «${moment}», and clears up at its next start`, async () => {
      const sandbox = start(["--events", "3000"]);
      await sandbox.says(moment);
      const family = sandbox.family();
      expect(family.length).to.be.greaterThan(1);
      sandbox.kill("SIGKILL");
      await until(() => !family.some(isAlive));
      const next = start(["--export", "no-such-file"]);
      await next.exited;
      expect(sandbox.leftFolders()).to.deep.equal([]);
    });
  }

  it("ends where npm is killed, with a shell between them", async () => {
    const npm = started(SandboxProcess.startBelowShell(["--events", "1", "--keep"]));
    await npm.says("a third account");
    const family = npm.family();
    npm.kill("SIGKILL");
    await until(() => !family.some(isAlive));
  });

  const usage: [what: string, args: string[], says: RegExp][] = [
    ["no events", ["--events", "0"], /whole number from 1/],
    ["an export that is not there", ["--export", join(tmpdir(), "no-such-file.zip")], /no-such-file\.zip/],
    ["an option that there isn't", ["--evnets"], /unknown option/],
  ];
  for (const [what, args, says] of usage) {
    it(`exits 2 for ${what}`, async () => {
      const sandbox = start(args);
      expect(await sandbox.exited).to.equal(2);
      expect(sandbox.stderr)
        .to.match(says)
        .and.not.to.match(/^\s+at /m);
      expect(sandbox.leftFolders()).to.deep.equal([]);
    });
  }
});
