import { authorize } from "../enforcement";
import type { HttpResponse, JsonCall } from "../protocol";
import { AwsError, parseBody, Refusal } from "../protocol";
import { type Alarm, alarmOf, changeTags, invalid, type Json, type Tags, tagList, tagsIn } from "./alarm";

interface KeptAlarm {
  alarm: Alarm;
  arn: string;
  changedAt: Date;
  tags: Tags;
}

interface Operation {
  /** ARNs that all must allow the action. */
  resources(call: JsonCall, request: Json): string[];
  /** Returns the response's body, if it has one. */
  run(call: JsonCall, request: Json): Json | undefined;
}

/** Stores CloudWatch's alarms. Without metrics, no alarm ever starts. */
export class MonitoringServer {
  readonly #alarms = new Map<string, KeptAlarm>();

  readonly #operations = new Map<string, Operation>(
    Object.entries({
      PutMetricAlarm: { resources: putAlarm, run: (call, request) => this.#put(call, request) },
      DescribeAlarms: { resources: namedAlarms, run: (call, request) => this.#describe(call, request) },
      DescribeAlarmsForMetric: {
        resources: () => ["*"],
        run: (call, request) => this.#describeForMetric(call, request),
      },
      EnableAlarmActions: { resources: namedAlarms, run: (call, request) => this.#enable(call, request) },
      DeleteAlarms: { resources: namedAlarms, run: (call, request) => this.#delete(call, request) },
      ListTagsForResource: {
        resources: arnInRequest,
        run: (_call, request) => ({ Tags: tagList(this.#byArn(request).tags) }),
      },
      TagResource: { resources: arnInRequest, run: (_call, request) => this.#tag(request) },
      UntagResource: { resources: arnInRequest, run: (_call, request) => this.#tag(request) },
    } satisfies Record<string, Operation>),
  );

  async handle(call: JsonCall): Promise<HttpResponse> {
    const [, name = ""] = /^GraniteServiceVersion20100801\.(\w+)$/.exec(call.target) ?? [];
    const operation = this.#operations.get(name);
    if (operation === undefined) {
      throw new Refusal("UnknownOperation", `The sandbox's CloudWatch does not have ${call.target}.`);
    }
    const request = parseBody(call);
    for (const resource of operation.resources(call, request)) {
      await authorize({ ...call, action: `cloudwatch:${name}`, resource });
    }
    // With tags it also requires the permission to tag. Source: AWS, CloudWatch API Reference, PutMetricAlarm, Tags.
    if (name === "PutMetricAlarm" && request.Tags !== undefined) {
      const [resource = ""] = putAlarm(call, request);
      await authorize({ ...call, action: "cloudwatch:TagResource", resource });
    }
    const body = operation.run(call, request);
    return {
      status: 200,
      headers: { "content-type": "application/x-amz-json-1.0" },
      body: JSON.stringify(body ?? {}),
    };
  }

  /** Keeps the tags of an existing alarm. */
  #put(call: JsonCall, request: Json): undefined {
    const alarm = alarmOf(request, call.region);
    const arn = arnOf(call, alarm.AlarmName);
    const tags = this.#alarms.get(arn)?.tags ?? tagsIn(request.Tags ?? []);
    this.#alarms.set(arn, { alarm, arn, changedAt: call.now, tags });
  }

  #describe(call: JsonCall, { AlarmNames, ...others }: Json): Json {
    const [unknown] = Object.keys(others).filter((key) => !["AlarmTypes", "MaxRecords"].includes(key));
    if (unknown !== undefined)
      throw invalid(
        "InvalidParameterCombinationException",
        `The sandbox does not search alarms by ${unknown}.`,
      );
    const prefix = arnOf(call, "");
    const found = [...this.#alarms.values()].filter(
      ({ arn, alarm }) =>
        arn.startsWith(prefix) && (AlarmNames === undefined || names(AlarmNames).includes(alarm.AlarmName)),
    );
    return { MetricAlarms: found.map(described), CompositeAlarms: [] };
  }

  /** Returns the alarms on exactly this metric. Source: AWS, CloudWatch API Reference, DescribeAlarmsForMetric. */
  #describeForMetric(call: JsonCall, { Namespace, MetricName, Dimensions = [], ...others }: Json): Json {
    const [unknown] = Object.keys(others);
    if (unknown !== undefined)
      throw invalid(
        "InvalidParameterCombinationException",
        `The sandbox does not search alarms by ${unknown}.`,
      );
    const wanted = JSON.stringify([Namespace, MetricName, Dimensions]);
    const prefix = arnOf(call, "");
    const found = [...this.#alarms.values()].filter(
      ({ arn, alarm }) =>
        arn.startsWith(prefix) &&
        JSON.stringify([alarm.Namespace, alarm.MetricName, alarm.Dimensions]) === wanted,
    );
    return { MetricAlarms: found.map(described) };
  }

  #enable(call: JsonCall, { AlarmNames }: Json): undefined {
    for (const name of names(AlarmNames)) {
      const kept = this.#alarms.get(arnOf(call, name));
      if (kept !== undefined) kept.alarm = { ...kept.alarm, ActionsEnabled: true };
    }
  }

  /** Deletes all of the alarms or none. */
  #delete(call: JsonCall, { AlarmNames }: Json): undefined {
    const arns = names(AlarmNames).map((name) => arnOf(call, name));
    const missing = arns.filter((arn) => !this.#alarms.has(arn));
    if (missing.length > 0) {
      throw new AwsError("ResourceNotFound", `There are no alarms ${missing.join(", ")}.`, 404);
    }
    for (const arn of arns) this.#alarms.delete(arn);
  }

  #tag(request: Json): undefined {
    const kept = this.#byArn(request);
    kept.tags = changeTags(kept.tags, request);
  }

  #byArn({ ResourceARN }: Json): KeptAlarm {
    const kept = this.#alarms.get(String(ResourceARN));
    if (kept !== undefined) return kept;
    throw new AwsError("ResourceNotFoundException", `There is no alarm ${String(ResourceARN)}.`, 404);
  }
}

function described({ alarm, arn, changedAt }: KeptAlarm): Json {
  const seconds = changedAt.getTime() / 1000;
  return {
    ...alarm,
    AlarmArn: arn,
    AlarmConfigurationUpdatedTimestamp: seconds,
    StateValue: "INSUFFICIENT_DATA",
    StateReason: "Unchecked: Initial alarm creation",
    StateUpdatedTimestamp: seconds,
  };
}

function arnOf({ region, principal }: JsonCall, name: string): string {
  return `arn:aws:cloudwatch:${region}:${principal.accountId}:alarm:${name}`;
}

function putAlarm(call: JsonCall, { AlarmName }: Json): string[] {
  return [arnOf(call, String(AlarmName))];
}

function namedAlarms(call: JsonCall, { AlarmNames }: Json): string[] {
  return AlarmNames === undefined ? ["*"] : names(AlarmNames).map((name) => arnOf(call, name));
}

function arnInRequest(_call: JsonCall, { ResourceARN }: Json): string[] {
  if (typeof ResourceARN === "string" && /^arn:aws:cloudwatch:[^:]+:\d{12}:alarm:./.test(ResourceARN))
    return [ResourceARN];
  throw invalid("InvalidParameterValueException", "ResourceARN must be the ARN of an alarm.");
}

/** Source: AWS, CloudWatch API Reference, DeleteAlarms and DescribeAlarms: at most 100 names. */
function names(value: unknown): string[] {
  const isList = Array.isArray(value) && value.length >= 1 && value.length <= 100;
  if (isList && value.every((name) => typeof name === "string")) return value;
  throw invalid("InvalidParameterValueException", "AlarmNames must be a list of 1 to 100 names.");
}
