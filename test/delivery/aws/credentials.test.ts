import { expect } from "chai";
import { callerIdentity, credentialsProblem, tryToAssume } from "../../../delivery/aws/credentials";
import { VirtualClock } from "../common/virtualClock";
import { fakeSts, xml, xmlError } from "./fakeAws";
import { serviceError, systemError } from "./serviceErrors";

const CREDENTIALS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const DENIED = serviceError("AccessDenied", 403);

/** Returns a provider that fails with these errors in turn, and then returns credentials. */
function providerAfter(...errors: Error[]) {
  const tries = { count: 0 };
  const provider = async () => {
    const error = errors[tries.count];
    tries.count += 1;
    if (error !== undefined) throw error;
    return CREDENTIALS;
  };
  return { provider, tries };
}

const denials = (count: number) => Array.from({ length: count }, () => DENIED);

describe("Trying to assume the role", () => {
  it("succeeds immediately if it can be assumed", async () => {
    const clock = new VirtualClock();
    const start = clock.now();
    const { provider, tries } = providerAfter();
    expect(await tryToAssume(provider, { clock, waitMs: 90_000 })).to.deep.equal({ assumed: true });
    expect(tries.count).to.equal(1);
    expect(clock.now()).to.equal(start);
  });

  it("tries again while a new role is refused, and reports each wait", async () => {
    const clock = new VirtualClock();
    const start = clock.now();
    const { provider } = providerAfter(...denials(30));
    let told = 0;
    const assumption = await tryToAssume(provider, {
      clock,
      waitMs: 90_000,
      onWait: () => {
        told += 1;
      },
    });
    expect(assumption).to.deep.equal({ assumed: true });
    expect(told).to.equal(30);
    expect(clock.now() - start).to.equal(60_000);
  });

  it("gives up with the refusal when the wait is over", async () => {
    const clock = new VirtualClock();
    const start = clock.now();
    const { provider, tries } = providerAfter(...denials(1_000));
    expect(await tryToAssume(provider, { clock, waitMs: 90_000 })).to.deep.equal({
      assumed: false,
      error: DENIED,
    });
    expect(tries.count).to.equal(46);
    expect(clock.now() - start).to.equal(90_000);
  });

  it("tries once if it may not wait", async () => {
    const { provider, tries } = providerAfter(...denials(10));
    expect(await tryToAssume(provider, { clock: new VirtualClock(), waitMs: 0 })).to.deep.include({
      assumed: false,
    });
    expect(tries.count).to.equal(1);
  });

  for (const error of [serviceError("ExpiredToken", 403), systemError("ECONNREFUSED")]) {
    it(`gives up immediately on ${error.message}`, async () => {
      const { provider, tries } = providerAfter(DENIED, error);
      expect(await tryToAssume(provider, { clock: new VirtualClock(), waitMs: 90_000 })).to.deep.equal({
        assumed: false,
        error,
      });
      expect(tries.count).to.equal(2);
    });
  }
});

describe("The caller's identity", () => {
  it("is read from STS", async () => {
    const client = fakeSts(() =>
      xml(
        "GetCallerIdentity",
        "<Arn>arn:aws:iam::111122223333:user/ann</Arn><Account>111122223333</Account><UserId>AIDA</UserId>",
      ),
    );
    expect(await callerIdentity(client)).to.deep.equal({
      accountId: "111122223333",
      arn: "arn:aws:iam::111122223333:user/ann",
    });
  });

  const failures = [
    {
      answer: xmlError("InvalidClientTokenId", 403),
      message: "missing or not accepted (InvalidClientTokenId",
    },
    { answer: xmlError("ExpiredToken", 403), message: "missing or not accepted (ExpiredToken" },
    {
      answer: xmlError("ServiceUnavailable", 503),
      message: "AWS can't be asked who you are (ServiceUnavailable",
    },
  ];
  for (const { answer, message } of failures) {
    it(`can't be read: ${message})`, async () => {
      const spaced = { ...answer, body: answer.body.replace(/as (\w+) is worded/, "$1 it is") };
      const failure: unknown = await callerIdentity(fakeSts(() => spaced)).catch((error: unknown) => error);
      expect(failure).to.include({ name: "DeliveryError", code: "credentials" });
      expect(failure).to.have.property("message").that.includes(message);
      expect(failure).to.have.property("cause").that.is.instanceOf(Error);
    });
  }

  it("has a remedy for missing credentials, and another for the network", () => {
    const none = Object.assign(new Error("Could not load credentials"), { name: "CredentialsProviderError" });
    expect(credentialsProblem(none).message).to.include("aws sso login");
    expect(credentialsProblem(systemError("ENOTFOUND")).message).to.include("AWS_ENDPOINT_URL");
  });
});
