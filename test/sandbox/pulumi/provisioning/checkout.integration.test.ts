import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { type Checkout, makeCheckout, writeStackSettings } from "./checkout";
import { type LanguageHost, startLanguageHost } from "./languageHost";
import { engineOf, sandboxRun } from "./sandboxRun";

describe("a checkout of this project, by the ordinary command", function () {
  this.timeout(300_000);
  const sandbox = sandboxRun();
  const cli = engineOf(sandbox);
  let host: LanguageHost;
  let checkout: Checkout;

  before(async () => {
    host = await startLanguageHost();
    checkout = await makeCheckout(
      join(sandbox.folder, "checkout"),
      sandbox.local,
      cli().command.command,
      host,
    );
    const { folder } = checkout;
    // A build is there once the package was packed: Pulumi must not follow package.json to it.
    await mkdir(join(folder, "dist", "components"), { recursive: true });
    await writeFile(join(folder, "dist", "components", "index.js"), 'throw new Error("the build was run");');
    for (const stack of ["acme", "globex"]) await writeStackSettings(folder, stack, sandbox.local);
  });
  after(() => host?.stop());

  const pulumi = (...words: string[]) => checkout.pulumi(...words);

  it("is previewed, brought up, found unchanged, refreshed and destroyed", async () => {
    await pulumi("stack", "init", "acme");
    expect(await pulumi("preview")).to.match(/\+ 6 to create/);
    expect(await pulumi("up", "--yes", "--skip-preview")).to.match(/\+ 6 created/);
    await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes");
    await pulumi("preview", "--expect-no-changes");
    await pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    const outputs = JSON.parse(await pulumi("stack", "output", "--json"));
    expect(outputs.roleArn).to.match(/:role\/amplitude-role-[0-9a-f]{20}$/);
    expect(outputs.readme).to.include("verify --stack acme");
    expect((await sandbox.state(outputs)).attached).to.have.lengthOf(1);
    await pulumi("destroy", "--yes", "--skip-preview");
    expect(await sandbox.state(outputs)).to.deep.equal({ stream: undefined, role: undefined, attached: [] });
  });

  it("reports an invalid configuration, and creates nothing", async () => {
    await pulumi("stack", "init", "globex");
    await pulumi("config", "set", "retentionHours", "5");
    await pulumi("config", "set", "externalId", "x");
    const said = await pulumi("up", "--yes", "--skip-preview").catch(String);
    expect(said).to.include("retentionHours: 5 must be").and.to.include('externalId: "x" must be');
    const { deployment } = JSON.parse(await pulumi("stack", "export"));
    const made = (deployment.resources ?? []).filter(({ type }: { type: string }) => type.startsWith("aws:"));
    expect(made).to.deep.equal([]);
  });
});
