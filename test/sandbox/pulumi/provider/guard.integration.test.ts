import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateStreamCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { check } from "../../../../sandbox/pulumi/provider/check";
import { diff } from "../../../../sandbox/pulumi/provider/diff";
import { create, read, update } from "../../../../sandbox/pulumi/provider/lifecycle";
import { logGroupType, logMetricFilterType } from "../../../../sandbox/pulumi/provider/logs";
import { pipeType } from "../../../../sandbox/pulumi/provider/pipe";
import type { Properties } from "../../../../sandbox/pulumi/provider/properties";
import type { ResourceType } from "../../../../sandbox/pulumi/provider/resourceType";
import { sandboxRun } from "../provisioning/sandboxRun";
import { checked } from "./inputs";

const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "pipes.amazonaws.com" }, Action: "sts:AssumeRole" }],
});
const permissions = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: ["kinesis:*", "logs:*"], Resource: "*" }],
});

describe("the provider's resources of a guard", () => {
  const account = sandboxRun();

  /** Creates it, finds no difference, changes it in place, imports it, and deletes it twice. */
  async function live(
    type: ResourceType,
    name: string,
    given: Properties,
    changes: Properties,
    importId = name,
  ) {
    const inputs = checked(type, name, given);
    const { id, state } = await create(account.aws, type, inputs);
    expect(diff(type, state, inputs).properties, "after the creation").to.deep.equal([]);
    const changed = checked(type, name, { ...given, ...changes });
    const differences = diff(type, state, changed).properties;
    expect(differences.some(({ replaces }) => replaces)).to.equal(false);
    expect(new Set(differences.map(({ property }) => property))).to.deep.equal(new Set(Object.keys(changes)));
    const updated = await update(account.aws, type, id, changed);
    expect(diff(type, updated.state, changed).properties, "after the update").to.deep.equal([]);
    const imported = await read(account.aws, type, importId, {}, {});
    expect(imported?.id).to.equal(id);
    expect(diff(type, imported?.state ?? {}, changed).properties, "after the import").to.deep.equal([]);
    return async () => {
      for (const _ of ["deleted", "gone already"]) await type.delete(account.aws, id, updated.state);
      expect(await read(account.aws, type, id, changed, updated.state)).to.equal(undefined);
    };
  }

  it("are created, changed in place, imported and deleted", async () => {
    const { kinesis, iam, region } = account.aws;
    await kinesis(region).send(new CreateStreamCommand({ StreamName: "guarded", ShardCount: 1 }));
    await iam.send(new CreateRoleCommand({ RoleName: "guard", AssumeRolePolicyDocument: trust }));
    await iam.send(
      new PutRolePolicyCommand({ RoleName: "guard", PolicyName: "p", PolicyDocument: permissions }),
    );
    const group = { name: "lines", retentionInDays: 365, tags: { a: "1" } };
    const deleteGroup = await live(logGroupType, "lines", group, { retentionInDays: 30, tags: { b: "2" } });
    const metricTransformation = { namespace: "Guard", name: "lines", value: "1" };
    const deleteFilter = await live(
      logMetricFilterType,
      "count",
      { name: "count", logGroupName: "lines", pattern: "", metricTransformation },
      { metricTransformation: { ...metricTransformation, value: "2" } },
      "lines:count",
    );
    const sourceParameters = (pattern: string) => ({
      filterCriteria: { filters: [{ pattern }] },
      kinesisStreamParameters: { startingPosition: "LATEST", batchSize: 10, maximumRetryAttempts: 5 },
    });
    const deletePipe = await live(
      pipeType,
      "guard",
      {
        name: "guard",
        description: "first",
        roleArn: "arn:aws:iam::111122223333:role/guard",
        source: "arn:aws:kinesis:us-east-1:111122223333:stream/guarded",
        sourceParameters: sourceParameters('{"data":{"app":[1]}}'),
        target: "arn:aws:logs:us-east-1:111122223333:log-group:lines",
        targetParameters: { inputTemplate: '{"app": <$.data.app>}' },
        tags: { a: "1" },
      },
      { description: "second", sourceParameters: sourceParameters('{"data":{"app":[2]}}'), tags: { b: "2" } },
    );
    await deletePipe();
    await deleteFilter();
    await deleteGroup();
  });

  it("fail with the pipe's reason if its role may not read the stream", async () => {
    const inputs = checked(pipeType, "lost", {
      name: "lost",
      roleArn: "arn:aws:iam::111122223333:role/missing",
      source: "arn:aws:kinesis:us-east-1:111122223333:stream/guarded",
      sourceParameters: { kinesisStreamParameters: { startingPosition: "LATEST" } },
      target: "arn:aws:logs:us-east-1:111122223333:log-group:lines",
    });
    const failure = await create(account.aws, pipeType, inputs).catch(String);
    expect(failure).to.include("pipe lost is CREATE_FAILED: pipes.amazonaws.com is not authorized");
  });

  it("reject properties that the sandbox doesn't evaluate", () => {
    const checkOf = (type: ResourceType, news: Properties) =>
      check(type, { logicalName: "x", news, olds: {}, seed: new Uint8Array() }).failures.map(
        ({ property }) => property,
      );
    expect(checkOf(pipeType, { enrichment: "arn" })).to.include("enrichment");
    expect(checkOf(logGroupType, { kmsKeyId: "arn" })).to.deep.equal(["kmsKeyId"]);
    const metricTransformation = { namespace: "a", name: "b", value: "1", defaultValue: "0" };
    expect(
      checkOf(logMetricFilterType, { logGroupName: "g", pattern: "", metricTransformation }),
    ).to.deep.equal(["metricTransformation.defaultValue"]);
    expect(checkOf(logMetricFilterType, { logGroupName: "g", metricTransformation: {} })).to.have.length(1);
  });
});
