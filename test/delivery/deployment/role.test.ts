import type { IAMClient } from "@aws-sdk/client-iam";
import { expect } from "chai";
import { describeError } from "../../../delivery/aws/errors";
import { readRole as readPatiently } from "../../../delivery/deployment/role";
import { checkTrust } from "../../../delivery/deployment/trust";
import { type FakeAnswer, type FakeCall, fakeIam, xml, xmlError } from "../aws/fakeAws";

import { VirtualClock } from "../common/virtualClock";

const ROLE_ARN = "arn:aws:iam::111122223333:role/amplitude/writer";
const TRUST =
  '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"358203115967"},"Action":"sts:AssumeRole"}]}';
const AMPLITUDE = { accountId: "358203115967" };

const readRole = (client: IAMClient, roleArn: string, waitMs = 0) =>
  readPatiently(client, roleArn, { clock: new VirtualClock(), waitMs });

function roleAnswer(arn: string, document: string): FakeAnswer {
  return xml(
    "GetRole",
    `<Role><Arn>${arn}</Arn><AssumeRolePolicyDocument>${encodeURIComponent(document)}</AssumeRolePolicyDocument></Role>`,
  );
}

describe("Reading the role", () => {
  it("gives its trust policy, decoded", async () => {
    const calls: FakeCall[] = [];
    const client = fakeIam((call) => {
      calls.push(call);
      return roleAnswer(ROLE_ARN, TRUST);
    });
    const { description, ...role } = await readRole(client, ROLE_ARN);
    expect(role).to.deep.equal({ trustDocument: TRUST, findings: [] });
    expect(description).to.include({ Arn: ROLE_ARN });
    expect(calls).to.have.length(1);
    expect(calls[0]).to.have.nested.property("input.RoleName", "writer");
  });

  it("waits for a role that IAM does not know yet", async () => {
    let asked = 0;
    const client = fakeIam(() => {
      asked += 1;
      return asked < 4 ? xmlError("NoSuchEntity", 404) : roleAnswer(ROLE_ARN, TRUST);
    });
    expect(await readRole(client, ROLE_ARN, 10_000)).to.deep.include({ trustDocument: TRUST, findings: [] });
    expect(asked).to.equal(4);
  });

  it("finds that there is no such role", async () => {
    const { findings, trustDocument } = await readRole(
      fakeIam(() => xmlError("NoSuchEntity", 404)),
      ROLE_ARN,
    );
    expect(findings).to.have.length(1);
    expect(findings[0]).to.include({ code: "role-not-found", severity: "error", where: ROLE_ARN });
    expect(trustDocument).to.equal(undefined);
  });

  it("finds that the role of that name has another ARN", async () => {
    const actual = "arn:aws:iam::111122223333:role/writer";
    const { findings } = await readRole(
      fakeIam(() => roleAnswer(actual, TRUST)),
      ROLE_ARN,
    );
    expect(findings[0]).to.include({ code: "role-not-found", severity: "error" });
    expect(findings[0]?.message).to.include(actual);
  });

  const unreadable = [
    { why: "access is denied", answer: xmlError("AccessDenied", 403), problem: /AccessDenied/ },
    { why: "IAM fails", answer: xmlError("ServiceFailure", 500), problem: /ServiceFailure/ },
    {
      why: "the endpoint has no such call",
      answer: xmlError("InvalidAction", 400),
      problem: /InvalidAction/,
    },
    { why: "the response has no role", answer: xml("GetRole", ""), problem: /has no role/ },
    { why: "the response is none of GetRole", answer: { body: "<html/>" }, problem: /has no role/ },
    {
      why: "the document is not encoded as it should be",
      answer: xml(
        "GetRole",
        `<Role><Arn>${ROLE_ARN}</Arn><AssumeRolePolicyDocument>%</AssumeRolePolicyDocument></Role>`,
      ),
      problem: /URIError/,
    },
  ];
  for (const { why, answer, problem } of unreadable) {
    it(`says why there is no document where ${why}`, async () => {
      const role = await readRole(
        fakeIam(() => answer),
        ROLE_ARN,
      );
      expect(describeError(role.error)).to.match(problem);
      expect(role).to.not.have.property("trustDocument");
      expect(role.findings).to.deep.equal([]);
    });
  }

  it("ends the run where AWS does not accept the credentials", async () => {
    const reading = readRole(
      fakeIam(() => xmlError("InvalidClientTokenId", 403)),
      ROLE_ARN,
    );
    const failure: unknown = await reading.catch((error: unknown) => error);
    expect(failure).to.include({ name: "DeliveryError", code: "credentials" });
  });
});

describe("Checking the trust policy", () => {
  it("finds nothing wrong where Amplitude is let in", () => {
    expect(checkTrust(TRUST, ROLE_ARN, AMPLITUDE)).to.deep.equal([]);
  });

  it("finds that Amplitude is not trusted, and why", () => {
    const [finding] = checkTrust(TRUST, ROLE_ARN, { accountId: "111122223333" });
    expect(finding).to.include({ code: "amplitude-not-trusted", severity: "error", where: ROLE_ARN });
    expect(finding?.message).to.include("111122223333").and.to.include("names 358203115967");
    expect(finding?.remedy).to.include("pulumi up");
  });

  it("finds that it can't be told, and why", () => {
    const [finding] = checkTrust("", ROLE_ARN, AMPLITUDE);
    expect(finding).to.include({ code: "trust-undetermined", severity: "undetermined", where: ROLE_ARN });
    expect(finding?.message).to.include("not a JSON policy document");
  });
});
