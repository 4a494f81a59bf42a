import { expect } from "chai";
import { awsOptionsFrom, hasHiddenSettings } from "../../../delivery/aws/providerConfig";

const ROLE = "arn:aws:iam::111122223333:role/deployer";
const KEYS = { accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "planted-stack-secret" };

/** Returns the settings as `pulumi config --json` prints them: text, or JSON as text. */
function configOf(settings: Record<string, unknown>) {
  const entries = Object.entries(settings).map(([name, value]) => [
    name.includes(":") ? name : `aws:${name}`,
    value === undefined
      ? { secret: true }
      : { value: typeof value === "string" ? value : JSON.stringify(value), secret: false },
  ]);
  return Object.fromEntries(entries) as Record<string, { value?: string; secret: boolean }>;
}

const optionsFrom = (settings: Record<string, unknown>, profile?: string) => {
  const options = awsOptionsFrom(configOf(settings), {
    stack: "acme",
    profile,
    resolvePath: (path) => `/project/${path}`,
  });
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
};

describe("A stack's AWS settings", () => {
  it("are none if it has none, or none that decides how AWS is reached", () => {
    const others = { region: "eu-central-1", defaultTags: { tags: {} }, maxRetries: "3", "acme:name": "x" };
    const empty = { profile: "", assumeRoles: [], allowedAccountIds: [], assumeRoleWithWebIdentity: {} };
    expect(optionsFrom({})).to.deep.equal({});
    expect(optionsFrom({ ...others, ...empty, useFipsEndpoint: "false" })).to.deep.equal({});
  });

  it("name its profile, and the files that have it", () => {
    const files = { sharedConfigFiles: ["config"], sharedCredentialsFiles: ["/etc/keys"] };
    expect(optionsFrom({ profile: "hub", ...files })).to.deep.equal({
      profile: "hub",
      sharedFiles: { config: "/project/config", credentials: "/project//etc/keys" },
      credentialsName: 'profile "hub" of stack "acme"',
    });
  });

  it("name keys, which take precedence over a profile", () => {
    expect(optionsFrom({ ...KEYS, token: "session", profile: "hub" })).to.deep.equal({
      credentials: {
        accessKeyId: KEYS.accessKey,
        secretAccessKey: KEYS.secretKey,
        sessionToken: "session",
      },
      credentialsName: 'aws:accessKey of stack "acme"',
    });
  });

  it("name the roles to assume in their order, with every field of the provider", () => {
    const full = {
      roleArn: ROLE,
      externalId: 4711,
      sessionName: "ci",
      duration: "1h30m",
      policy: "{}",
      policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
      sourceIdentity: "ann",
      tags: { team: "data" },
      transitiveTagKeys: ["team"],
    };
    const { duration, ...same } = full;
    expect(optionsFrom({ profile: "hub", assumeRoles: [{ roleArn: `${ROLE}-1` }, full] })).to.deep.equal({
      profile: "hub",
      assumeRoles: [{ roleArn: `${ROLE}-1` }, { ...same, externalId: "4711", durationSeconds: 5_400 }],
      credentialsName: `role ${ROLE}, assumed with profile "hub", of stack "acme"`,
    });
    expect(optionsFrom({ assumeRole: { roleArn: ROLE } })).to.deep.include({
      assumeRoles: [{ roleArn: ROLE }],
      credentialsName: `role ${ROLE} of stack "acme"`,
    });
  });

  it("name endpoints of the services that are called, and accounts", () => {
    const endpoints = [
      { kinesis: "http://127.0.0.1:4566", s3: "x" },
      { sts: "https://sts.example", iam: "" },
    ];
    expect(
      optionsFrom({
        endpoints,
        allowedAccountIds: [111122223333, "044455556666"],
        forbiddenAccountIds: "[]",
      }),
    ).to.deep.equal({
      endpoints: { kinesis: "http://127.0.0.1:4566", sts: "https://sts.example" },
      allowedAccountIds: ["111122223333", "044455556666"],
    });
  });

  it("are replaced by a profile except for endpoints and accounts", () => {
    const roles = { assumeRoles: [{ roleArn: ROLE }], assumeRoleWithWebIdentity: { roleArn: ROLE } };
    const settings = { ...roles, profile: "hub", secretKey: undefined, allowedAccountIds: ["111122223333"] };
    expect(optionsFrom(settings, "mine")).to.deep.equal({
      profile: "mine",
      allowedAccountIds: ["111122223333"],
    });
  });

  it("are hidden while a secret that is needed is not decrypted", () => {
    const hidden = (settings: Record<string, unknown>, profile?: string) =>
      hasHiddenSettings(configOf(settings), profile);
    expect(hidden({ profile: "hub", "acme:password": undefined })).to.equal(false);
    expect(hidden({ secretKey: undefined })).to.equal(true);
    expect(hidden({ secretKey: undefined }, "mine")).to.equal(false);
    expect(hidden({ endpoints: undefined }, "mine")).to.equal(true);
    expect(hidden({ token: "[unknown]" })).to.equal(true);
  });

  const mistakes: [settings: Record<string, unknown>, message: RegExp][] = [
    [{ secretKey: undefined }, /^aws:secretKey of stack "acme" was not decrypted/],
    [{ accessKey: "AKIA" }, /^aws:accessKey and aws:secretKey of stack "acme" are needed together/],
    [{ token: "x" }, /are needed together/],
    [{ secretKey: "x", token: "x" }, /are needed together/],
    [{ assumeRoles: "x" }, /^aws:assumeRoles of stack "acme" is not JSON. Correct it with `pulumi config`/],
    [{ assumeRoles: ["x"] }, /is not a list of objects/],
    [{ assumeRoles: [{ externalId: "x" }] }, /has a role without a roleArn/],
    [{ assumeRoles: [{ roleArn: ROLE, mfa: "x" }] }, /has the field mfa, which is not supported/],
    [{ assumeRoles: [{ roleArn: ROLE, duration: "1 hour" }] }, /duration that is not from 15m to 12h/],
    [{ assumeRoles: [{ roleArn: ROLE, duration: "60s" }] }, /duration that is not from 15m to 12h/],
    [{ assumeRoles: [{ roleArn: ROLE, tags: "x" }] }, /has tags that are not a map/],
    [{ assumeRoles: [{ roleArn: ROLE, externalId: {} }] }, /has a value of externalId that is not text/],
    [{ endpoints: [{ kinesis: "localhost:4566" }] }, /^aws:endpoints of stack "acme" has no URL for kinesis/],
    [{ allowedAccountIds: ["acme"] }, /^aws:allowedAccountIds .* have 12 digits/],
    [{ sharedConfigFiles: ["a", "b"] }, /lists several files, and only one is supported/],
    [{ assumeRoleWithWebIdentity: { roleArn: ROLE } }, /is not supported, and may change who calls AWS/],
    [{ federation: "x" }, /^aws:federation of stack "acme" is not supported/],
    [{ useFipsEndpoint: "true" }, /^aws:useFipsEndpoint .* Set AWS_USE_FIPS_ENDPOINT/],
  ];
  for (const [settings, message] of mistakes) {
    it(`can't be ${JSON.stringify(settings)}`, () => {
      expect(() => optionsFrom(settings))
        .to.throw(message)
        .with.property("name", "SettingsError");
    });
  }
});
