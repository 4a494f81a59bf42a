import { AttachRolePolicyCommand, CreatePolicyCommand, TagRoleCommand } from "@aws-sdk/client-iam";
import { expect } from "chai";
import { diff } from "../../../../sandbox/pulumi/provider/diff";
import { create, read, update } from "../../../../sandbox/pulumi/provider/lifecycle";
import { roleType } from "../../../../sandbox/pulumi/provider/role";
import { sandboxRun } from "../provisioning/sandboxRun";
import { AMPLITUDE, allowing, checked, trusting } from "./inputs";

describe("the provider's role", () => {
  const account = sandboxRun();
  const inputsOf = (name: string, more: object = {}) =>
    checked(roleType, name, { name, assumeRolePolicy: trusting(AMPLITUDE), ...more });
  const makePolicy = async (name: string) => {
    const command = new CreatePolicyCommand({
      PolicyName: name,
      PolicyDocument: allowing("kinesis:PutRecord"),
    });
    return (await account.aws.iam.send(command)).Policy?.Arn ?? "";
  };

  it("is created with every requested property, and reported in the service's state", async () => {
    const boundary = await makePolicy("bounds");
    const inputs = inputsOf("whole", {
      path: "/amplitude/",
      description: "Assumed by Amplitude",
      permissionsBoundary: boundary,
      tags: { team: "data" },
    });
    const { id, state } = await create(account.aws, roleType, inputs);
    expect(id).to.equal("whole");
    expect(state).to.deep.include({
      arn: "arn:aws:iam::111122223333:role/amplitude/whole",
      name: "whole",
      description: "Assumed by Amplitude",
      maxSessionDuration: 3600,
      permissionsBoundary: boundary,
      forceDetachPolicies: false,
      managedPolicyArns: [],
      tagsAll: { team: "data" },
    });
    expect(state.uniqueId).to.match(/^AROA/);
    expect(state.createDate).to.match(/^\d{4}-\d\d-\d\dT[\d:]+(\.\d+)?Z$/);
    expect(diff(roleType, state, inputs).properties).to.deep.equal([]);
  });

  it("is changed in place: trust, description, session length, boundary, tags", async () => {
    const boundary = await makePolicy("other-bounds");
    const { id } = await create(
      account.aws,
      roleType,
      inputsOf("changing", { description: "one", tags: { a: "1" } }),
    );
    const other = trusting("arn:aws:iam::444455556666:root");
    const changes = [
      { assumeRolePolicy: other, maxSessionDuration: 7200, permissionsBoundary: boundary, tags: { b: "2" } },
      { description: "two" },
    ];
    for (const change of changes) {
      const inputs = inputsOf("changing", change);
      const { state } = await update(account.aws, roleType, id, inputs);
      expect(diff(roleType, state, inputs).properties, JSON.stringify(change)).to.deep.equal([]);
    }
    const reading = await read(account.aws, roleType, id, {}, {});
    expect(reading?.state).to.include({ maxSessionDuration: 3600, description: "two" });
    expect(reading?.state).not.to.have.any.keys("permissionsBoundary", "tags");
  });

  it("reports policies that were attached outside the program", async () => {
    const inputs = inputsOf("drifting");
    const { id, state } = await create(account.aws, roleType, inputs);
    await account.aws.iam.send(new TagRoleCommand({ RoleName: id, Tags: [{ Key: "stray", Value: "x" }] }));
    const reading = await read(account.aws, roleType, id, inputs, state);
    expect(diff(roleType, reading?.state ?? {}, inputs).properties).to.deep.equal([
      { path: "tags.stray", property: "tags", kind: "delete", replaces: false },
    ]);
  });

  it("keeps the program's text of the trust policy if the service's has the same meaning", async () => {
    const spaced = JSON.stringify(JSON.parse(trusting(AMPLITUDE)), null, 2);
    const inputs = inputsOf("worded", { assumeRolePolicy: spaced });
    const { id, state } = await create(account.aws, roleType, inputs);
    expect((await read(account.aws, roleType, id, inputs, state))?.inputs.assumeRolePolicy).to.equal(spaced);
  });

  it("with a policy attached is deleted only if it may detach the policy", async () => {
    const { id, state } = await create(account.aws, roleType, inputsOf("attached"));
    await account.aws.iam.send(
      new AttachRolePolicyCommand({ RoleName: id, PolicyArn: await makePolicy("held") }),
    );
    const error = await roleType.delete(account.aws, id, state).catch((reason: Error) => reason);
    expect(error).to.have.property("name", "DeleteConflictException");
    await roleType.delete(account.aws, id, { ...state, forceDetachPolicies: true });
    expect(await read(account.aws, roleType, id, {}, {})).to.equal(undefined);
    await roleType.delete(account.aws, id, state);
  });

  it("gets a generated name from a prefix, and keeps it", async () => {
    const inputs = checked(roleType, "any", {
      namePrefix: "amplitude-",
      assumeRolePolicy: trusting(AMPLITUDE),
    });
    const { id, state } = await create(account.aws, roleType, inputs);
    expect(id).to.match(/^amplitude-[0-9a-f]{26}$/);
    expect(diff(roleType, state, inputs).properties).to.deep.equal([]);
  });
});
