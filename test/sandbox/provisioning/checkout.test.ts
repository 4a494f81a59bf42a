import { execFile } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { writePluginFolder } from "../../../sandbox/provider/pluginFolder";
import { providerSettings } from "../../../sandbox/provisioning/providerSettings";
import { PROJECT } from "../../package/installed";
import { type LanguageHost, startLanguageHost } from "./languageHost";
import { engineOf, sandboxRun } from "./sandboxRun";

const run = promisify(execFile);
/** What Pulumi takes of a checkout. */
const PARTS = ["index.ts", "components", "package.json", "tsconfig.json"];

describe("a checkout of this project, by the ordinary command", function () {
  this.timeout(120_000);
  const sandbox = sandboxRun();
  const cli = engineOf(sandbox);
  let host: LanguageHost;
  let checkout: string;

  before(async () => {
    cli();
    host = await startLanguageHost();
    checkout = join(sandbox.folder, "checkout");
    await mkdir(checkout);
    for (const part of PARTS) await cp(join(PROJECT, part), join(checkout, part), { recursive: true });
    await symlink(join(PROJECT, "node_modules"), join(checkout, "node_modules"), "junction");
    // A build is there once the package was packed: Pulumi must not follow package.json to it.
    await mkdir(join(checkout, "dist", "components"), { recursive: true });
    await writeFile(
      join(checkout, "dist", "components", "index.js"),
      'throw new Error("the build was run");',
    );
    await addProvider();
    await pulumi("stack", "init", "acme");
    await setConfig();
  });
  after(() => host?.stop());

  /** The project's own Pulumi.yaml, as it is, with a line that says where its provider is. */
  async function addProvider(): Promise<void> {
    const plugin = join(sandbox.folder, "plugin");
    await writePluginFolder(plugin);
    const project = await readFile(join(PROJECT, "Pulumi.yaml"), "utf8");
    const provider = `plugins:\n  providers:\n    - name: aws\n      path: ${JSON.stringify(plugin)}\n`;
    await writeFile(join(checkout, "Pulumi.yaml"), `${project}${provider}`);
  }

  async function setConfig(): Promise<void> {
    const { endpoints, ...settings } = providerSettings(sandbox.local);
    for (const [key, value] of Object.entries(settings))
      await pulumi("config", "set", `aws:${key}`, `${value}`);
    for (const [service, endpoint] of Object.entries(endpoints[0] ?? {})) {
      await pulumi("config", "set", "--path", `aws:endpoints[0].${service}`, endpoint);
    }
  }

  async function pulumi(...words: string[]): Promise<string> {
    const { accessKeyId, secretAccessKey } = sandbox.local.principals.operator;
    const env = {
      PATH: process.env.PATH,
      HOME: sandbox.folder,
      TMPDIR: sandbox.folder,
      PULUMI_HOME: join(sandbox.folder, "home"),
      PULUMI_BACKEND_URL: pathToFileURL(sandbox.folder).href,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    const command = cli().command.command;
    const { stdout } = await run(command, ["--non-interactive", ...words], { cwd: checkout, env }).catch(
      (failed: { stdout?: string; stderr?: string }) => {
        throw new Error(`pulumi ${words.join(" ")}\n${failed.stdout}\n${failed.stderr}`);
      },
    );
    return stdout;
  }

  const work = (...words: string[]) => pulumi(...words, "--client", host.address);

  it("is previewed, brought up, found unchanged, refreshed and destroyed", async () => {
    expect(await work("preview")).to.match(/\+ 6 to create/);
    expect(await work("up", "--yes", "--skip-preview")).to.match(/\+ 6 created/);
    await work("up", "--yes", "--skip-preview", "--expect-no-changes");
    await work("preview", "--expect-no-changes");
    await work("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    const outputs = JSON.parse(await pulumi("stack", "output", "--json"));
    expect(outputs.roleArn).to.match(/:role\/amplitude-role-[0-9a-f]{20}$/);
    expect(outputs.readme).to.include("verify --stack acme");
    expect((await sandbox.state(outputs)).attached).to.have.lengthOf(1);
    await work("destroy", "--yes", "--skip-preview");
    expect(await sandbox.state(outputs)).to.deep.equal({ stream: undefined, role: undefined, attached: [] });
  });

  it("says what is wrong with its configuration, and makes nothing", async () => {
    await pulumi("config", "set", "retentionHours", "5");
    await pulumi("config", "set", "externalId", "x");
    const said = await work("up", "--yes", "--skip-preview").catch(String);
    expect(said).to.include("retentionHours: 5 must be").and.to.include('externalId: "x" must be');
    await pulumi("config", "rm", "retentionHours");
    await pulumi("config", "rm", "externalId");
    const { deployment } = JSON.parse(await pulumi("stack", "export"));
    const made = (deployment.resources ?? []).filter(({ type }: { type: string }) => type.startsWith("aws:"));
    expect(made).to.deep.equal([]);
  });
});
