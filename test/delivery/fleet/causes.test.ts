import { expect } from "chai";
import { finding } from "../../../delivery/common/findings";
import { registerSecrets } from "../../../delivery/common/redactSecrets";
import {
  adviceFor,
  driftCause,
  oneLine,
  pulumiFailure,
  withStackNamed,
} from "../../../delivery/fleet/causes";

/** Output of Pulumi v3.259.0 with a file backend. */
const LOCKED = `warning: using pulumi-language-nodejs from $PATH
error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///state/.pulumi/locks/organization/p/acme/997e4e1e.json?no_tmp_dir=true: created by root@vm (pid 15291) at 2026-11-28T19:28:54Z
`;

describe("The cause of a failure of Pulumi", () => {
  it("is a lock, with its holder and the command that removes it", () => {
    const { kind, cause, remedy } = pulumiFailure("acme", [], LOCKED);
    expect(kind).to.equal("locked");
    expect(cause).to.equal(
      "another update has locked the stack (root@vm (pid 15291) at 2026-11-28T19:28:54Z)",
    );
    expect(remedy).to.include("`pulumi cancel --stack acme`").and.to.include("--clear-locks");
  });

  it("is a lock of Pulumi Cloud", () => {
    const output = "error: [409] Conflict: Another update is currently in progress.\n";
    const { kind, cause } = pulumiFailure("org/acme", [], output);
    expect([kind, cause]).to.deep.equal(["locked", "another update has locked the stack"]);
  });

  it("is a stack that does not exist", () => {
    const { kind, remedy } = pulumiFailure("acme", [], "error: no stack named 'acme' found\n");
    expect(kind).to.equal("missing");
    expect(remedy).to.include("fleet up");
  });

  it("is pending operations that a version rejects, with the command that clears them", () => {
    const output =
      "error: the current deployment has 1 resource(s) with pending operations:\n  * urn, interrupted while creating\n";
    const { kind, cause, remedy } = pulumiFailure("acme", [], output);
    expect(kind).to.equal("other");
    expect(cause).to.include("pending");
    expect(remedy).to.include("`pulumi refresh --stack acme`");
  });

  it("is the engine's first error in one line, or the command's", () => {
    const errors = [
      'AmplitudeKinesisDestination "a" has 1 invalid input:\n  retentionHours: 5 must be 24',
      "update failed",
    ];
    expect(pulumiFailure("acme", errors, "error: update failed\n").cause).to.equal(
      'AmplitudeKinesisDestination "a" has 1 invalid input: retentionHours: 5 must be 24',
    );
    const output = "warning: w\nerror: getting stack configuration: incorrect passphrase\n";
    expect(pulumiFailure("acme", [], output).cause).to.equal(
      "getting stack configuration: incorrect passphrase",
    );
    expect(pulumiFailure("acme", [], "panic: x\nexit\n").cause).to.equal("exit");
    expect(pulumiFailure("acme", [], "").cause).to.equal("pulumi ended without a message");
  });

  it("is short, on one line, and without secrets", () => {
    registerSecrets(["hush-hush-hush-hush"]);
    expect(oneLine("a\n\u001b[31mhush-hush-hush-hush")).to.equal("a \ufffd[31m[redacted]");
    expect(oneLine("x".repeat(1_000))).to.have.lengthOf(300);
  });
});

describe("The cause of a drift", () => {
  it("names the resources, their properties, and how to undo or keep the change", () => {
    const urn = "urn:pulumi:acme::p::a:index:A$aws:kinesis/stream:Stream::amplitude-stream";
    const role = "urn:pulumi:acme::p::a:index:A$aws:iam/role:Role::amplitude-role";
    const { cause, remedy } = driftCause("org/acme", [
      { urn, change: "update", properties: ["retentionPeriod", "tags.hand"] },
      { urn: role, change: "delete", properties: [] },
    ]);
    expect(cause).to.equal(
      "changed by hand: Stream amplitude-stream (retentionPeriod, tags.hand), Role amplitude-role is gone",
    );
    expect(remedy).to.include("`pulumi up --refresh --stack org/acme`").and.to.include("Pulumi.acme.yaml");
  });
});

describe("The remedy of a finding", () => {
  it("names the stack in Pulumi's commands, which would change the selected stack", () => {
    const named = (remedy: string) =>
      withStackNamed("acme", finding.warning("untagged", "b", "c", remedy)).remedy;
    expect(
      named("Run `pulumi config set --path 'tags.owner' NAME && pulumi up --refresh`, or pulumi up"),
    ).to.equal(
      "Run `pulumi config set --stack acme --path 'tags.owner' NAME && pulumi up --stack acme --refresh`, or pulumi up",
    );
    expect(named("Run `npx amplitude-kinesis verify`, then `amplitude-kinesis check`")).to.equal(
      "Run `npx amplitude-kinesis verify --stack acme`, then `amplitude-kinesis check --stack acme`",
    );
    for (const remedy of [
      "Run `pulumi cancel --stack b`",
      "Run `amplitude-kinesis operator-policy --for check`",
    ])
      expect(named(remedy)).to.equal(remedy);
  });

  it("proposes only what fleet has: the stack's setting instead of --profile, and not --outputs", () => {
    const wrong = "Choose credentials of another account (--profile), or correct allowedAccountIds";
    expect(adviceFor("org/acme", wrong)).to.equal(
      "Choose credentials of another account (aws:profile in Pulumi.acme.yaml), or correct allowedAccountIds",
    );
    const secret =
      "The stack's AWS settings are secret. Set the passphrase, or pass the stack's outputs with --outputs FILE and choose the credentials with --profile or AWS_PROFILE";
    expect(adviceFor("acme", secret)).to.equal("The stack's AWS settings are secret. Set the passphrase");
    expect(adviceFor("acme", `${secret}. Then run it again`)).to.match(
      /Set the passphrase\. Then run it again$/,
    );
    expect(adviceFor("acme", "It prints too much. Instead, use --outputs FILE")).to.equal(
      "It prints too much",
    );
    expect(adviceFor("acme", "Can't read /srv/--profile/x")).to.equal("Can't read /srv/--profile/x");
    expect(adviceFor("acme", "Run `aws sso login --profile dev`")).to.equal(
      "Run `aws sso login --profile dev`",
    );
  });
});
