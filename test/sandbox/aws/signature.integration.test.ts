import { Sha256 } from "@aws-crypto/sha256-js";
import { CreateRoleCommand } from "@aws-sdk/client-iam";
import { ListStreamsCommand } from "@aws-sdk/client-kinesis";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import { expect } from "chai";
import {
  assume,
  type Credentials,
  clientsOf,
  type Fixture,
  failureOf,
  startInFolder,
  trustOf,
} from "./localAws";

const MINUTE = 60_000;
const FORM = "Action=GetCallerIdentity&Version=2011-06-15";

describe("signatures in the sandbox", () => {
  let aws: Fixture;
  let now = new Date();
  let operator: Credentials;

  before(async () => {
    aws = await startInFolder({ clock: () => now });
    operator = aws.principals.operator;
  });

  beforeEach(() => {
    now = new Date();
  });

  after(() => aws.remove());

  async function failuresOf(credentials: Credentials, overrides: object = {}) {
    const { kinesis, sts } = clientsOf(aws, credentials, overrides);
    return {
      json: await failureOf(kinesis.send(new ListStreamsCommand({}))),
      query: await failureOf(sts.send(new GetCallerIdentityCommand())),
    };
  }

  /** A request signed by hand, which a test may then tamper with. */
  async function signedRequest(credentials: Credentials, body = FORM): Promise<Record<string, string>> {
    const signer = new SignatureV4({ credentials, region: "us-east-1", service: "sts", sha256: Sha256 });
    const headers = { host: new URL(aws.endpoint).host, "content-type": "application/x-www-form-urlencoded" };
    const request = new HttpRequest({ method: "POST", path: "/", headers, body });
    const signed = await signer.sign(request, { signingDate: now });
    return signed.headers;
  }

  async function post(headers: Record<string, string>, body = FORM) {
    const response = await fetch(aws.endpoint, { method: "POST", headers, body });
    return { status: response.status, text: await response.text() };
  }

  it("accepts a key that was issued", async () => {
    const { sts } = clientsOf(aws, operator);
    const identity = await sts.send(new GetCallerIdentityCommand());
    expect(identity.Arn).to.equal("arn:aws:iam::111122223333:user/operator");
    expect(identity.Account).to.equal("111122223333");
    expect(identity.UserId).to.match(/^AIDA/);
  });

  it("rejects a wrong secret", async () => {
    const { json, query } = await failuresOf({ ...operator, secretAccessKey: "wrong" });
    expect(json).to.include({ name: "InvalidSignatureException", status: 400 });
    expect(query).to.include({ name: "SignatureDoesNotMatch", status: 403 });
  });

  it("rejects a key that nobody issued", async () => {
    const { json, query } = await failuresOf({ ...operator, accessKeyId: "AKIAUNKNOWN234567ABC" });
    expect(json).to.include({ name: "UnrecognizedClientException", status: 400 });
    expect(query).to.include({ name: "InvalidClientTokenId", status: 403 });
  });

  it("rejects a session token with a key that has none", async () => {
    const { query } = await failuresOf({ ...operator, sessionToken: "token" });
    expect(query).to.include({ name: "InvalidClientTokenId" });
  });

  for (const [when, minutes, passes] of [
    ["4 minutes ago", -4, true],
    ["6 minutes ago", -6, false],
    ["4 minutes ahead", 4, true],
    ["6 minutes ahead", 6, false],
  ] as const) {
    it(`${passes ? "accepts" : "rejects"} a request signed ${when}`, async () => {
      const { sts } = clientsOf(aws, operator, { systemClockOffset: minutes * MINUTE });
      const call = sts.send(new GetCallerIdentityCommand());
      if (passes) await call;
      else expect(await failureOf(call)).to.include({ name: "SignatureDoesNotMatch", status: 403 });
    });
  }

  it("rejects a body other than the signed one", async () => {
    const headers = await signedRequest(operator);
    expect((await post(headers)).status).to.equal(200);
    const tampered = await post(headers, `${FORM}&Tampered=1`);
    expect(tampered.status).to.equal(403);
    expect(tampered.text).to.include("<Code>SignatureDoesNotMatch</Code>");
  });

  it("rejects a request that lacks a signed header", async () => {
    const headers = await signedRequest(operator);
    const { "x-amz-content-sha256": _, ...withoutHash } = headers;
    expect((await post(withoutHash)).status).to.equal(403);
  });

  it("rejects a signature that does not cover the host", async () => {
    const headers = await signedRequest(operator);
    const authorization = headers.authorization?.replace("host;", "") ?? "";
    expect((await post({ ...headers, authorization })).text).to.include("host must be a signed header");
  });

  it("rejects a signature for another service's scope", async () => {
    const headers = await signedRequest(operator);
    const authorization = headers.authorization?.replace("/sts/", "/iam/") ?? "";
    expect((await post({ ...headers, authorization })).status).to.equal(403);
  });

  it("rejects a request without a signature", async () => {
    const query = await post({ "content-type": "application/x-www-form-urlencoded" });
    expect(query.status).to.equal(403);
    expect(query.text).to.include("<Code>MissingAuthenticationToken</Code>");
    const json = await post({ "x-amz-target": "Kinesis_20131202.ListStreams" }, "{}");
    expect(json.status).to.equal(400);
    expect(JSON.parse(json.text)).to.include({ __type: "MissingAuthenticationTokenException" });
  });

  it("rejects an authorization of another kind", async () => {
    const response = await post({ authorization: "Basic b3BlcmF0b3I6c2VjcmV0" });
    expect(response.status).to.equal(400);
    expect(response.text).to.include("<Code>IncompleteSignature</Code>");
  });

  it("serves no other paths and methods", async () => {
    const page = await fetch(`${aws.endpoint}/console`);
    expect(page.status).to.equal(404);
    expect(await page.text()).to.include("supports only POST on /, not GET on /console");
  });

  describe("of a role's session", () => {
    const roleName = "vendor";
    const roleArn = `arn:aws:iam::111122223333:role/${roleName}`;
    let session: Required<Credentials>;

    before(async () => {
      const trust = trustOf("arn:aws:iam::358203115967:root");
      const { iam } = clientsOf(aws, operator);
      await iam.send(new CreateRoleCommand({ RoleName: roleName, AssumeRolePolicyDocument: trust }));
      session = await assume(aws, aws.principals.amplitude, roleArn);
    });

    it("are rejected with another session's token, or without one", async () => {
      const other = await assume(aws, aws.principals.amplitude, roleArn);
      const { sessionToken: _, ...withoutToken } = session;
      expect((await failuresOf({ ...session, sessionToken: other.sessionToken })).json).to.include({
        name: "UnrecognizedClientException",
      });
      expect((await failuresOf(withoutToken)).query).to.include({ name: "InvalidClientTokenId" });
    });

    it("are rejected once the session has expired", async () => {
      const short = await assume(aws, aws.principals.amplitude, roleArn, { DurationSeconds: 900 });
      const { sts } = clientsOf(aws, short);
      await sts.send(new GetCallerIdentityCommand());
      now = new Date(now.getTime() + 15 * MINUTE);
      const { json, query } = await failuresOf(short, { systemClockOffset: 15 * MINUTE });
      expect(json).to.include({ name: "ExpiredTokenException", status: 400 });
      expect(query).to.include({ name: "ExpiredToken", status: 403 });
    });
  });
});
