import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { type ClientOptions, connect, stsClient } from "../../../delivery/aws/clients";
import { callerIdentity } from "../../../delivery/aws/credentials";
import { redactSecrets } from "../../../delivery/common/redactSecrets";
import { failureOf } from "../kinesis/streamReading";
import { startConnectProxy } from "./connectProxy";
import { xml, xmlError } from "./fakeAws";

const KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = planted-profile-secret\n";
const ROLE = "role_arn = arn:aws:iam::111122223333:role/operator\n";
const SERIAL = "arn:aws:iam::111122223333:mfa/ann";
const SESSION = "planted-profile-session";

const CONFIG = `[profile base]
${KEYS}
[profile role]
${ROLE}source_profile = base
[profile mfa]
${ROLE}source_profile = base
mfa_serial = ${SERIAL}
[profile orphan]
${ROLE}source_profile = gone
[profile orphan-mfa]
${ROLE}source_profile = gone
mfa_serial = ${SERIAL}
[profile failing-source]
${ROLE}source_profile = process
mfa_serial = ${SERIAL}
[profile process]
credential_process = sh -c "echo no vault >&2; exit 3"
[profile garbage]
credential_process = echo nothing
[profile sso]
sso_start_url = https://corp.example/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = admin
[default]
credential_process = sh -c "echo no default vault >&2; exit 3"
`;

describe("Credentials of a profile", () => {
  const environment = { ...process.env };
  let folder: string;
  /** Parameters of the AssumeRole requests. */
  let assumed: URLSearchParams[];
  let refusal: ReturnType<typeof xmlError> | undefined;
  const stops: (() => unknown)[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const parameters = new URLSearchParams(await text(incoming));
    const isAssumption = parameters.get("Action") === "AssumeRole";
    if (isAssumption) assumed.push(parameters);
    const { status = 200, body } =
      isAssumption && refusal !== undefined ? refusal : isAssumption ? ASSUMED : IDENTITY;
    outgoing.writeHead(status, { "content-type": "text/xml" }).end(body);
  });
  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    folder = await mkdtemp(join(tmpdir(), "profiles-"));
    await writeFile(join(folder, "config"), CONFIG);
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    assumed = [];
    refusal = undefined;
    for (const name of Object.keys(process.env)) if (/proxy$|^AWS_/i.test(name)) delete process.env[name];
    Object.assign(process.env, {
      AWS_CONFIG_FILE: join(folder, "config"),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, "none"),
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_MAX_ATTEMPTS: "1",
      HOME: folder,
    });
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
  });

  function connection(profile: string | undefined, options: Partial<ClientOptions> = {}) {
    const opened = connect({ region: "eu-central-1", profile, ...options });
    stops.push(() => opened.requestHandler.destroy());
    return opened;
  }

  const problem = async (profile: string | undefined, options: Partial<ClientOptions> = {}) =>
    failureOf(
      callerIdentity(stsClient(connection(profile, options)), options, `Credentials of ${profile}`),
    ) as Promise<Error>;

  it("are those of its role, and are redacted", async () => {
    await callerIdentity(stsClient(connection("role")));
    expect(assumed.map((each) => each.get("RoleArn"))).to.deep.equal([
      "arn:aws:iam::111122223333:role/operator",
    ]);
    expect(redactSecrets(`ASIAIOSFODNN7EXAMPLE ${SESSION} planted-role-secret`)).to.equal(
      "[redacted] [redacted] [redacted]",
    );
  });

  it("are requested through the proxy", async () => {
    const proxy = await startConnectProxy();
    stops.push(proxy.stop);
    process.env.HTTP_PROXY = proxy.url;
    await callerIdentity(stsClient(connection("role")));
    expect(proxy.requests).to.deep.equal(Array(2).fill(`POST ${process.env.AWS_ENDPOINT_URL}/`));
  });

  it("require the code of its MFA device once per run", async () => {
    const serials: string[] = [];
    const mfaCode = async (serial: string) => {
      serials.push(serial);
      return "123456";
    };
    const opened = connection("mfa", { mfaCode });
    await Promise.all([callerIdentity(stsClient(opened)), callerIdentity(stsClient(opened))]);
    expect(serials).to.deep.equal([SERIAL]);
    expect(assumed.map((each) => [each.get("SerialNumber"), each.get("TokenCode")])).to.deep.equal([
      [SERIAL, "123456"],
    ]);
  });

  it("with an MFA device are an error without a terminal", async () => {
    const error = await problem("mfa");
    expect(error).to.include({ name: "SettingsError" });
    expect(error.message).to.include(SERIAL).and.include("terminal");
  });

  const mfaCode = async () => "000000";
  const problems: [
    what: string,
    profile: string | undefined,
    says: RegExp[],
    refusal?: ReturnType<typeof xmlError>,
  ][] = [
    [
      "whose role is refused",
      "role",
      [/AccessDenied: not you/, /role's trust policy/, /profile role/],
      xmlError("AccessDenied", 403, "not you"),
    ],
    [
      "whose code is wrong",
      "mfa",
      [/invalid MFA/, /current code/],
      xmlError("AccessDenied", 403, "MultiFactorAuthentication failed with invalid MFA one time pass code."),
    ],
    [
      "whose access keys are rejected",
      "role",
      [/InvalidClientTokenId/, /Renew the access keys/],
      xmlError("InvalidClientTokenId", 403),
    ],
    [
      "whose credential_process fails",
      "process",
      [/no vault/, /Run the credential_process of the profile process/],
    ],
    [
      "whose credential_process prints no credentials",
      "garbage",
      [/invalid JSON/, /Run the credential_process/],
    ],
    [
      "whose source_profile is missing",
      "orphan",
      [/"gone", the source_profile of "orphan"/, /list-profiles/],
    ],
    [
      "whose source_profile is missing, before a code is asked for",
      "orphan-mfa",
      [/"gone"/, /list-profiles/],
    ],
    ["whose source_profile fails, before a code is asked for", "failing-source", [/no vault/]],
    ["whose SSO session is missing", "sso", [/SSO session/, /`aws sso login --profile sso`/]],
    ["that doesn't exist", "nosuch", [/"nosuch" is in neither/, /list-profiles/]],
    ["that is the default one, and fails", undefined, [/no default vault/, /profile default/]],
  ];
  for (const [what, profile, says, answer] of problems) {
    it(`${what}: the error names the cause and a remedy`, async () => {
      refusal = answer;
      const error = await problem(profile, { mfaCode });
      expect(error).to.include({ name: "DeliveryError", code: "credentials" });
      for (const each of says) expect(error.message).to.match(each);
      expect(error.message).not.to.include("network");
    });
  }

  it("that can't be requested are a problem of the network", async () => {
    process.env.AWS_ENDPOINT_URL = "http://127.0.0.1:9";
    expect((await problem("role")).message)
      .to.include("ECONNREFUSED")
      .and.include("the network");
  });

  const roles = ["hub", "acme"].map((name) => ({ roleArn: `arn:aws:iam::111122223333:role/${name}` }));
  const assumedRoles = () => assumed.map((each) => each.get("RoleArn"));

  it("assume the given roles one after the other, once per run", async () => {
    const opened = connection("base", { assumeRoles: [{ ...roles[0], externalId: "x" } as never, ...roles] });
    await Promise.all([callerIdentity(stsClient(opened)), callerIdentity(stsClient(opened))]);
    expect(assumedRoles()).to.deep.equal([roles[0]?.roleArn, ...roles.map(({ roleArn }) => roleArn)]);
    expect(assumed.map((each) => each.get("ExternalId"))).to.deep.equal(["x", null, null]);
  });

  it("name the given role that refuses them", async () => {
    refusal = xmlError("AccessDenied", 403, "not you");
    const { message } = await problem("base", { assumeRoles: roles, credentialsName: "role of stack acme" });
    expect(message).to.match(
      /^\S+ of base \(role of stack acme\) .*role\/hub can't be assumed: AccessDenied: not you/,
    );
    expect(message).to.include("assumeRoles").and.not.include("network");
  });

  it("are requested at the endpoint of the options, for the profile's role too", async () => {
    const { AWS_ENDPOINT_URL: endpoint = "" } = process.env;
    process.env.AWS_ENDPOINT_URL = "http://127.0.0.1:9";
    for (const options of [{ endpoint }, { endpoint: "http://127.0.0.1:9", endpoints: { sts: endpoint } }])
      await callerIdentity(stsClient(connection("role", { ...options, assumeRoles: roles })));
    expect(assumedRoles()).to.have.length(6);
    await callerIdentity(stsClient(connection("mfa", { endpoint, mfaCode: async () => "123456" })));
    expect(assumed.at(-1)?.get("TokenCode")).to.equal("123456");
  });

  it("come from the shared files of the options", async () => {
    await writeFile(join(folder, "other"), `[profile other]\n${KEYS}`);
    expect((await problem("other")).message).to.include("in neither");
    const sharedFiles = { config: join(folder, "other") };
    await callerIdentity(stsClient(connection("other", { sharedFiles })));
  });

  it("must belong to an allowed account", async () => {
    const asked = (options: Partial<ClientOptions>) =>
      callerIdentity(stsClient(connection("base")), options).then(
        () => "allowed",
        ({ code, message }) => `${code}: ${message}`,
      );
    expect(await asked({ allowedAccountIds: ["444455556666", "111122223333"] })).to.equal("allowed");
    expect(await asked({ allowedAccountIds: [], forbiddenAccountIds: ["444455556666"] })).to.equal("allowed");
    expect(await asked({ profile: "base", allowedAccountIds: ["444455556666"] })).to.match(
      /^credentials: AWS credentials \(profile "base"\) are of account 111122223333, but allowedAccountIds lists only 444455556666\. Nothing was written/,
    );
    expect(await asked({ forbiddenAccountIds: ["111122223333"] })).to.include("forbiddenAccountIds lists it");
  });

  it("come second to keys in the environment, unless the profile is named", async () => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" });
    expect((await callerIdentity(stsClient(connection(undefined)))).accountId).to.equal("111122223333");
    expect((await problem("process")).message).to.include("no vault");
  });
});

const IDENTITY = xml(
  "GetCallerIdentity",
  "<Arn>arn:aws:iam::111122223333:user/ann</Arn><Account>111122223333</Account><UserId>AIDA</UserId>",
);
const ASSUMED = xml(
  "AssumeRole",
  `<Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>planted-role-secret</SecretAccessKey><SessionToken>${SESSION}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>`,
);
