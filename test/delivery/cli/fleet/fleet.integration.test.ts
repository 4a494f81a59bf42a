import { mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AddTagsToStreamCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import type { CustomerResult, FleetReport } from "../../../../delivery/fleet/report";
import type { StackStatus } from "../../../../delivery/fleet/stacks";
import { type ProviderServer, startProviderServer } from "../../../../sandbox/pulumi/provider/service";
import { providerSettings } from "../../../../sandbox/pulumi/provisioning/places";
import { type Checkout, makeCheckout } from "../../../sandbox/pulumi/provisioning/checkout";
import { type LanguageHost, startLanguageHost } from "../../../sandbox/pulumi/provisioning/languageHost";
import { engineOf, sandboxRun } from "../../../sandbox/pulumi/provisioning/sandboxRun";
import { amplitudeKinesis } from "../commandLine";
import { Running } from "../running";

describe("A fleet, with Pulumi's engine", function () {
  this.timeout(240_000);
  const sandbox = sandboxRun();
  const cli = engineOf(sandbox);
  let host: LanguageHost;
  let provider: ProviderServer;
  let checkout: Checkout;
  let env: Record<string, string>;

  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;

  before(async () => {
    host = await startLanguageHost();
    provider = await startProviderServer({ isShared: true });
    checkout = await makeCheckout(join(sandbox.folder, "fleet"), sandbox.local, cli().command.command, host);
    env = {
      ...checkout.environment,
      PULUMI_DEBUG_PROVIDERS: `aws:${provider.port}`,
      AWS_EC2_METADATA_DISABLED: "true",
    };
    // The provider runs in this process, and calls AWS as it does.
    const { accessKeyId, secretAccessKey } = sandbox.local.principals.operator;
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
  });
  after(() => {
    for (const [name, value] of Object.entries({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    provider?.stop();
    host?.stop();
  });

  const settings = (stack: string, more: object = {}) => {
    const entries = Object.entries(providerSettings(sandbox.local)).map(([key, value]) => [
      `aws:${key}`,
      value,
    ]);
    const config = { ...Object.fromEntries(entries), ...more };
    return writeFile(join(checkout.folder, `Pulumi.${stack}.yaml`), JSON.stringify({ config }));
  };
  const words = (...args: string[]) => ["fleet", ...args, "--cwd", checkout.folder];
  const fleet = async (...args: string[]) => amplitudeKinesis(words(...args, "--json"), { env });
  const outcomes = ({ customers }: { customers: CustomerResult[] }) =>
    Object.fromEntries(customers.map(({ stack, outcome }) => [stack, outcome]));
  const result = async (stack: string): Promise<CustomerResult> =>
    JSON.parse(await readFile(join(checkout.folder, "fleet-report", `${stack}.json`), "utf8"));

  /** Writes the lock that an update leaves which was killed. */
  async function lock(stack: string): Promise<void> {
    const folder = new URL(
      `${env.PULUMI_BACKEND_URL}/.pulumi/locks/organization/amplitude-kinesis/${stack}/`,
    );
    await mkdir(folder, { recursive: true });
    const holder = { pid: 4711, username: "ci", hostname: "runner", timestamp: "2026-11-28T10:00:00Z" };
    await writeFile(new URL("5e1f4d0a-0000-4000-8000-000000000000.json", folder), JSON.stringify(holder));
  }

  /** Returns the id of the process whose standard output is the customer's log, from Linux's /proc. */
  async function processOf(stack: string): Promise<number> {
    const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const targets = await Promise.all(ids.map((id) => readlink(`/proc/${id}/fd/1`).catch(() => "")));
    const commands = await Promise.all(
      ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")),
    );
    const index = ids.findIndex(
      (_, each) => targets[each]?.endsWith(`/${stack}.log`) && commands[each]?.includes("fleet/process"),
    );
    return Number(ids[index]);
  }

  it("brings every customer up and verifies it, whatever happens to the others", async () => {
    await settings("acme");
    await settings("broken", { "amplitude-kinesis:retentionHours": 5 });
    await settings("globex");
    await settings("killed");
    await settings("locked");
    await checkout.pulumi("stack", "init", "locked", "--no-select");
    await lock("locked");
    const options = ["--yes", "--parallel", "3", "--events", "20", "--json"];
    const run = new Running(words("up", ...options), { ...env, PATH: env.PATH ?? "" });
    await run.prints(/^killed: up/m);
    process.kill(await processOf("killed"), "SIGKILL");
    expect(await run.end(), run.output).to.equal(1);
    const report: FleetReport = JSON.parse(
      await readFile(join(checkout.folder, "fleet-report", "report.json"), "utf8"),
    );
    expect(outcomes(report), run.output).to.deep.equal({
      ...{ acme: "succeeded", broken: "failed", globex: "succeeded", killed: "failed", locked: "failed" },
    });
    const causes = Object.fromEntries(report.customers.map(({ stack, cause }) => [stack, cause]));
    expect(causes.broken).to.include("retentionHours: 5 must be an integer from 24 to 8760");
    expect(causes.killed).to.include("ended by SIGKILL");
    expect(causes.locked).to.include("ci@runner (pid 4711)");
    const acme = await result("acme");
    expect(acme).to.deep.include({ verdict: "verified", accountId: "111122223333", changes: { create: 6 } });
    expect(acme.steps.map(({ name }) => name)).to.deep.equal(["up", "check", "verify"]);
    expect(acme.delivery).to.include({ eventsSent: 20, eventsDelivered: 20 });
    expect(run.output).to.match(/^✓ acme: verified \(\d+ s\)$/m);
    const log = await readFile(join(checkout.folder, "fleet-report", acme.log ?? ""), "utf8");
    expect(log).to.include("Resources:").and.to.include("20 sent");
  });

  it("resumes with the customers that are not done, and removes a lock only with --clear-locks", async () => {
    await settings("broken");
    const before = await result("acme");
    const options = ["--yes", "--resume", "--events", "20", "--no-verify"];
    const first = await fleet("up", ...options);
    expect(outcomes(JSON.parse(first.stdout)), first.stderr).to.deep.equal({
      ...{
        acme: "succeeded",
        broken: "succeeded",
        globex: "succeeded",
        killed: "succeeded",
        locked: "failed",
      },
    });
    const { status, stdout } = await fleet("up", ...options, "--clear-locks");
    expect(status, stdout).to.equal(0);
    expect(await result("acme")).to.deep.equal(before);
    expect(await result("locked")).to.deep.include({ outcome: "succeeded", changes: { create: 6 } });
  });

  it("lists the stacks, and finds what was changed by hand", async () => {
    const { outputs } = await result("acme");
    const tags = { StreamName: outputs?.streamName, Tags: { hand: "made" } };
    await sandbox.aws.kinesis(sandbox.local.region).send(new AddTagsToStreamCommand(tags));
    const drift = await fleet("drift", "--only", "acme", "--only", "globex");
    expect(drift.status, drift.stdout + drift.stderr).to.equal(1);
    const { customers }: FleetReport = JSON.parse(drift.stdout);
    expect(
      customers.map((each) => each.drift?.map(({ change, properties }) => [change, properties])),
    ).to.deep.equal([[["update", ["tags.hand"]]], []]);
    const { stdout } = await fleet("status");
    const rows: StackStatus[] = JSON.parse(stdout);
    expect(rows.map(({ stack }) => stack)).to.deep.equal(["acme", "broken", "globex", "killed", "locked"]);
    expect(rows[0]).to.deep.include({
      region: "us-east-1",
      result: "succeeded",
      verdict: "verified",
      outputs,
    });
  });

  it("ends the running updates in a clean state at Ctrl-C, and starts no other", async () => {
    const options = ["--yes", "--parallel", "1", "--only", "acme", "--only", "globex", "--no-verify"];
    await settings("acme", { "amplitude-kinesis:retentionHours": 48 });
    const run = new Running(words("up", ...options), { ...env, PATH: env.PATH ?? "" });
    await run.prints(/^acme: up/m);
    run.interrupt();
    expect(await run.end(), run.output).to.equal(3);
    expect(run.output).to.include("INTERRUPTED: up of 2 customers: 1 interrupted, 1 not started");
    expect(await result("acme")).to.deep.include({
      outcome: "interrupted",
      cause: "ended in a clean state, because fleet was interrupted",
    });
    const { stdout } = await fleet("up", ...options, "--resume");
    expect(outcomes(JSON.parse(stdout))).to.deep.equal({ acme: "succeeded", globex: "succeeded" });
  });
});
