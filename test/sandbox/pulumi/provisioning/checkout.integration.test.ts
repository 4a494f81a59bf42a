import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { type Checkout, makeCheckout, writeStackSettings } from "./checkout";
import { type LanguageHost, startLanguageHost } from "./languageHost";
import { engineOf, sandboxRun } from "./sandboxRun";

/** Text of Node or Pulumi next to an error's message. */
const UNCLEAR = /unhandled|Promise|^\s+at /m;

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
    const { folder, environment } = checkout;
    environment.AWS_REGION = "us-east-1";
    environment.AWS_ENDPOINT_URL = sandbox.local.endpoint;
    // A build exists once the package was packed. Pulumi must not follow package.json to it.
    await mkdir(join(folder, "dist", "components"), { recursive: true });
    await writeFile(join(folder, "dist", "components", "index.js"), 'throw new Error("the build was run");');
    for (const stack of ["globex", "initech"]) await writeStackSettings(folder, stack, sandbox.local);
  });
  after(() => host?.stop());

  const pulumi = (...words: string[]) => checkout.pulumi(...words);

  it("without any settings is previewed, brought up, found unchanged, refreshed and destroyed", async () => {
    await pulumi("stack", "init", "acme");
    expect(await pulumi("preview"))
      .to.match(/\+ 6 to create/)
      .and.not.to.include("Undefined value");
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

  it("says on two lines what is wrong with a setting, and creates nothing", async () => {
    await pulumi("stack", "init", "globex");
    const refused = () => pulumi("preview").catch((error: Error) => error.message);
    await pulumi("config", "set", "retentionHours", "5");
    await pulumi("config", "set", "maxSessionSeconds", "0");
    expect(await refused())
      .to.include(
        'error: AmplitudeKinesisDestination "amplitude" has 1 invalid input:\n      retentionHours: 5 must be',
      )
      .and.not.to.match(UNCLEAR);
    await pulumi("config", "rm", "retentionHours");
    await pulumi("config", "set", "retentionhours", "48");
    await pulumi("config", "set", "tags.owner", "data");
    await pulumi("config", "set", "--path", "alarms.enabled", "maybe");
    await pulumi("config", "set", "--path", "alarms.enable", "true");
    await pulumi("config", "set", "--secret", "requireTls", "true");
    expect(await refused())
      .to.include(
        "retentionhours: unknown setting; did you mean retentionHours? Remove it with `pulumi config rm",
      )
      .and.to.include("tags.owner: to set an item of tags, pass --path to `pulumi config set`")
      .and.to.include('alarms.enabled: "maybe" must be true or false')
      .and.to.include("alarms.enable: unknown setting; did you mean enabled?")
      .and.to.include("requireTls: can't be a secret; set it without --secret")
      .and.not.to.match(UNCLEAR);
    for (const name of ["retentionhours", "tags.owner", "alarms", "requireTls"])
      await pulumi("config", "rm", name);
    await pulumi("config", "set", "--secret", "externalId", "x");
    expect(await refused())
      .to.include("externalId: a secret value must be")
      .and.not.to.match(UNCLEAR);
    const other = "arn:aws:kinesis:us-east-1:444455556666:stream/theirs";
    await pulumi("config", "set", "existingStreamArn", other);
    expect(await refused())
      .to.match(
        /error: AmplitudeKinesisDestination has 1 invalid input:\n +existingStreamArn: the stream is not in/,
      )
      .and.to.match(
        /error: AmplitudeKinesisDestination "amplitude" has 1 invalid input:\n +externalId: a secret value/,
      )
      .and.not.to.match(UNCLEAR);
    const { deployment } = JSON.parse(await pulumi("stack", "export"));
    const made = (deployment.resources ?? []).filter(({ type }: { type: string }) => type.startsWith("aws:"));
    expect(made).to.deep.equal([]);
  });

  it("keeps secret settings secret in the state, and tags with numbers", async () => {
    await pulumi("stack", "init", "initech");
    await pulumi("config", "set", "--secret", "externalId", "hush-external");
    await pulumi("config", "set", "--secret", "--path", "tags.owner", "hush-owner");
    await pulumi("config", "set", "--path", "tags.costCenter", "4711");
    await pulumi("config", "set", "--path", "alarms.enabled", "true");
    expect(await pulumi("up", "--yes", "--skip-preview")).to.match(/\+ 8 created/);
    const outputs = JSON.parse(await pulumi("stack", "output", "--json"));
    const { role } = await sandbox.state(outputs);
    expect(role?.assumeRolePolicy).to.include("hush-external");
    expect(role?.tags).to.deep.include({ owner: "hush-owner", costCenter: "4711" });
    const state = await readFile(
      new URL(`${checkout.environment.PULUMI_BACKEND_URL}/.pulumi/stacks/amplitude-kinesis/initech.json`),
      "utf8",
    );
    expect(state).to.include("amplitude-role-").and.not.to.include("hush-");
  });

  it("refuses to undo the settings of a stack whose file is missing", async () => {
    await rm(join(checkout.folder, "Pulumi.initech.yaml"));
    const said = await pulumi("preview", "--stack", "initech").catch((error: Error) => error.message);
    expect(said)
      .to.match(
        /error: Pulumi\.initech\.yaml has no settings: the stack was deployed with alarms, .*externalId, tags/,
      )
      .and.to.include("pulumi config refresh")
      .and.to.include("pulumi config set aws:region us-east-1")
      .and.not.to.include("to update");
    await pulumi("config", "refresh", "--force", "--stack", "initech");
    const restored = JSON.parse(await pulumi("config", "--json", "--stack", "initech"));
    expect(restored["amplitude-kinesis:externalId"].secret).to.equal(true);
  });
});
