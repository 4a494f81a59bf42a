import {
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
} from "@aws-sdk/client-cloudwatch";
import { expect } from "chai";
import { check } from "../../../../sandbox/pulumi/provider/check";
import { diff } from "../../../../sandbox/pulumi/provider/diff";
import { create, read, update } from "../../../../sandbox/pulumi/provider/lifecycle";
import { metricAlarmType } from "../../../../sandbox/pulumi/provider/metricAlarm";
import { typeOf } from "../../../../sandbox/pulumi/provider/types";
import { sandboxRun } from "../provisioning/sandboxRun";
import { checked } from "./inputs";

const TOPIC = "arn:aws:sns:us-east-1:111122223333:on-call";

const silence = (more: object = {}) => ({
  metricName: "IncomingRecords",
  namespace: "AWS/Kinesis",
  statistic: "Sum",
  period: 60,
  comparisonOperator: "LessThanThreshold",
  threshold: 0,
  evaluationPeriods: 5,
  dimensions: { StreamName: "events" },
  ...more,
});

describe("the provider's alarm", () => {
  const account = sandboxRun();
  const inputsOf = (name: string, more: object = {}) =>
    checked(metricAlarmType, name, silence({ name, ...more }));
  const alarmOf = async (name: string, region = account.aws.region) => {
    const command = new DescribeAlarmsCommand({ AlarmNames: [name] });
    return (await account.aws.cloudwatch(region).send(command)).MetricAlarms?.[0];
  };

  it("is registered under the real provider's token", () => {
    expect(typeOf("aws:cloudwatch/metricAlarm:MetricAlarm")).to.equal(metricAlarmType);
  });

  it("is created, identified by its name, changed in place with its tags, and deleted", async () => {
    const inputs = inputsOf("whole", {
      alarmActions: [TOPIC],
      tags: { a: "1", b: "2" },
      datapointsToAlarm: 5,
    });
    const { id, state } = await create(account.aws, metricAlarmType, inputs);
    expect(id).to.equal("whole");
    expect(state).to.deep.include({
      arn: "arn:aws:cloudwatch:us-east-1:111122223333:alarm:whole",
      region: "us-east-1",
      treatMissingData: "missing",
      dimensions: { StreamName: "events" },
      tags: { a: "1", b: "2" },
    });
    expect(diff(metricAlarmType, state, inputs).properties).to.deep.equal([]);

    const changed = inputsOf("whole", { threshold: 7, treatMissingData: "breaching", tags: { b: "3" } });
    const differences = diff(metricAlarmType, state, changed).properties;
    expect(differences.map(({ path }) => path)).to.have.members([
      "alarmActions",
      "datapointsToAlarm",
      "threshold",
      "treatMissingData",
      "tags.a",
      "tags.b",
    ]);
    expect(differences.some(({ replaces }) => replaces)).to.equal(false);
    const updated = await update(account.aws, metricAlarmType, id, changed);
    expect(updated.state).to.deep.include({ threshold: 7, treatMissingData: "breaching", tags: { b: "3" } });
    expect(updated.state.datapointsToAlarm).to.equal(undefined);

    await metricAlarmType.delete(account.aws, id, updated.state);
    expect(await alarmOf("whole")).to.equal(undefined);
    await metricAlarmType.delete(account.aws, id, updated.state);
  });

  it("can be in another region than the provider's, where it is read, changed and deleted", async () => {
    const inputs = inputsOf("abroad", { region: "eu-central-1" });
    const { id, state } = await create(account.aws, metricAlarmType, inputs);
    expect(await alarmOf("abroad")).to.equal(undefined);
    expect((await alarmOf("abroad", "eu-central-1"))?.AlarmArn).to.equal(state.arn);
    expect((await read(account.aws, metricAlarmType, id, inputs, state))?.state.region).to.equal(
      "eu-central-1",
    );
    expect((await read(account.aws, metricAlarmType, "abroad@eu-central-1", {}, {}))?.id).to.equal("abroad");
    await update(account.aws, metricAlarmType, id, { ...inputs, threshold: 9 });
    expect((await alarmOf("abroad", "eu-central-1"))?.Threshold).to.equal(9);
    await metricAlarmType.delete(account.aws, id, state);
    expect(await alarmOf("abroad", "eu-central-1")).to.equal(undefined);
  });

  it("that somebody else has changed or deleted is detected by a read", async () => {
    const inputs = inputsOf("drifting");
    const { id, state } = await create(account.aws, metricAlarmType, inputs);
    const cloudwatch = account.aws.cloudwatch(account.aws.region);
    const alarm = await alarmOf("drifting");
    const { AlarmName, MetricName, Namespace, Statistic, Period, EvaluationPeriods, ComparisonOperator } =
      alarm ?? {};
    const members = {
      AlarmName,
      MetricName,
      Namespace,
      Statistic,
      Period,
      EvaluationPeriods,
      ComparisonOperator,
    };
    await cloudwatch.send(new PutMetricAlarmCommand({ ...members, Threshold: 3 } as never));
    const reading = await read(account.aws, metricAlarmType, id, inputs, state);
    expect(reading?.inputs.threshold).to.equal(3);
    expect(reading?.inputs.dimensions).to.deep.equal({});
    await cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: [id] }));
    expect(await read(account.aws, metricAlarmType, id, inputs, state)).to.equal(undefined);
  });

  it("fails the check without a metric, and with an unsupported property", () => {
    const failing = (news: object) =>
      check(metricAlarmType, {
        logicalName: "a",
        news: { ...news },
        olds: {},
        seed: Buffer.from("a"),
      }).failures.map(({ property }) => property);
    expect(failing(silence())).to.deep.equal([]);
    expect(failing({ ...silence(), metricName: undefined })).to.deep.equal(["metricName"]);
    expect(failing({ ...silence(), period: undefined, threshold: undefined })).to.deep.equal([
      "period",
      "threshold",
    ]);
    expect(failing({ ...silence(), metricQueries: [] })).to.deep.equal(["metricQueries"]);
    expect(failing({ ...silence(), extendedStatistic: "p99" })).to.deep.equal(["extendedStatistic"]);
  });
});
