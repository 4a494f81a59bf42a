import { CreatePolicyVersionCommand, ListPolicyVersionsCommand } from "@aws-sdk/client-iam";
import { expect } from "chai";
import { diff } from "../../../../sandbox/pulumi/provider/diff";
import { create, read, update } from "../../../../sandbox/pulumi/provider/lifecycle";
import { policyType } from "../../../../sandbox/pulumi/provider/policy";
import { rolePolicyAttachmentType, roleType } from "../../../../sandbox/pulumi/provider/role";
import { sandboxRun } from "../provisioning/sandboxRun";
import { AMPLITUDE, allowing, checked, trusting } from "./inputs";

describe("the provider's policy", () => {
  const account = sandboxRun();
  const inputsOf = (name: string, action: string, more: object = {}) =>
    checked(policyType, name, { name, policy: allowing(action), ...more });
  const versionsOf = async (PolicyArn: string) => {
    const { Versions } = await account.aws.iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    return (Versions ?? []).map(({ VersionId }) => VersionId);
  };

  it("is created with every requested property, and reported in the service's state", async () => {
    const inputs = inputsOf("whole", "kinesis:PutRecord", {
      path: "/a/",
      description: "d",
      tags: { team: "data" },
    });
    const { id, state } = await create(account.aws, policyType, inputs);
    expect(id).to.equal("arn:aws:iam::111122223333:policy/a/whole");
    expect(state).to.deep.include({
      arn: id,
      attachmentCount: 0,
      description: "d",
      tagsAll: { team: "data" },
    });
    expect(state.policyId).to.match(/^ANPA/);
    expect(diff(policyType, state, inputs).properties).to.deep.equal([]);
  });

  it("gets a new default version for a new document, and loses the oldest of five", async () => {
    const { id } = await create(account.aws, policyType, inputsOf("versions", "kinesis:PutRecord"));
    for (const action of ["kinesis:A", "kinesis:B", "kinesis:C", "kinesis:D", "kinesis:E"]) {
      const inputs = inputsOf("versions", action);
      const { state } = await update(account.aws, policyType, id, inputs);
      expect(diff(policyType, state, inputs).properties).to.deep.equal([]);
    }
    expect(await versionsOf(id)).to.deep.equal(["v6", "v5", "v4", "v3", "v2"]);
  });

  it("gets no new version for a document with the same meaning", async () => {
    const { id } = await create(account.aws, policyType, inputsOf("same", "kinesis:PutRecord"));
    const reworded = allowing("kinesis:PutRecord").replace('"kinesis:PutRecord"', '["kinesis:PutRecord"]');
    await update(account.aws, policyType, id, {
      ...inputsOf("same", "x:y"),
      policy: reworded,
      tags: { a: "1" },
    });
    expect(await versionsOf(id)).to.deep.equal(["v1"]);
    expect((await read(account.aws, policyType, id, {}, {}))?.state.tags).to.deep.equal({ a: "1" });
  });

  it("with another default version is detected by a read", async () => {
    const inputs = inputsOf("drifting", "kinesis:PutRecord");
    const { id, state } = await create(account.aws, policyType, inputs);
    const PolicyDocument = allowing("kinesis:*");
    await account.aws.iam.send(
      new CreatePolicyVersionCommand({ PolicyArn: id, PolicyDocument, SetAsDefault: true }),
    );
    const reading = await read(account.aws, policyType, id, inputs, state);
    expect(reading?.inputs.policy).to.equal(PolicyDocument);
    expect(diff(policyType, reading?.state ?? {}, inputs).properties.map(({ path }) => path)).to.deep.equal([
      "policy",
    ]);
  });

  it("is deleted with all its versions", async () => {
    const { id, state } = await create(account.aws, policyType, inputsOf("deleted", "kinesis:PutRecord"));
    await update(account.aws, policyType, id, inputsOf("deleted", "kinesis:PutRecords"));
    await policyType.delete(account.aws, id, state);
    expect(await read(account.aws, policyType, id, {}, {})).to.equal(undefined);
    await policyType.delete(account.aws, id, state);
  });

  it("is attached to a role and detached; an attachment that was removed meanwhile reads as absent", async () => {
    const policy = await create(account.aws, policyType, inputsOf("attachable", "kinesis:PutRecord"));
    const roleInputs = checked(roleType, "holder", { assumeRolePolicy: trusting(AMPLITUDE) });
    const role = await create(account.aws, roleType, roleInputs);
    const inputs = checked(rolePolicyAttachmentType, "attachment", { role: role.id, policyArn: policy.id });
    const { id, state } = await create(account.aws, rolePolicyAttachmentType, inputs);
    expect(id).to.equal(`${role.id}/${policy.id}`);
    expect(state).to.deep.equal({ role: role.id, policyArn: policy.id });
    expect((await read(account.aws, policyType, policy.id, {}, {}))?.state.attachmentCount).to.equal(1);
    await rolePolicyAttachmentType.delete(account.aws, id, state);
    expect(await read(account.aws, rolePolicyAttachmentType, id, inputs, state)).to.equal(undefined);
    await rolePolicyAttachmentType.delete(account.aws, id, state);
  });

  it("can't be attached to a role that doesn't exist, and an attachment's id is its role and its policy", async () => {
    const inputs = checked(rolePolicyAttachmentType, "a", {
      role: "nobody",
      policyArn: "arn:aws:iam::aws:policy/X",
    });
    const error = await create(account.aws, rolePolicyAttachmentType, inputs).catch(
      (reason: Error) => reason,
    );
    expect(error).to.have.property("name", "NoSuchEntityException");
    const misread = await read(account.aws, rolePolicyAttachmentType, "nonsense", {}, {}).catch(String);
    expect(misread).to.match(/expected ROLE_NAME\/POLICY_ARN/);
  });
});
