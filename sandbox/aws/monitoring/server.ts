import { authorize } from "../enforcement";
import type { MetricValue } from "../logs";
import type { HttpResponse, JsonCall } from "../protocol";
import { AwsError, parseBody, Refusal } from "../protocol";
import { type Alarm, alarmOf, changeTags, invalid, type Json, type Tags, tagList, tagsIn } from "./alarm";
import { type AlarmState, type Datapoint, keptPeriod, stateOf } from "./alarmState";

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

/** An alarm that starts, and whom CloudWatch would notify. */
export interface StartedAlarm {
  name: string;
  arn: string;
  reason: string;
  actionArns: string[];
}

/**
 * Stores CloudWatch's alarms, and the metrics of metric filters. The services' own metrics don't exist here, so alarms on
 * them never start.
 */
export class MonitoringServer {
  readonly #alarms = new Map<string, KeptAlarm>();
  /** By region, account, namespace and name. */
  readonly #metrics = new Map<string, Datapoint[]>();

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

  /** @param onStart Receives each alarm when it starts. */
  constructor(private readonly onStart: (alarm: StartedAlarm) => void = () => {}) {}

  /** Counts a value of a metric without dimensions, and starts the alarms on it. */
  record({ region, accountId, namespace, name, value, at }: MetricValue): void {
    const key = JSON.stringify([region, accountId, namespace, name]);
    const prefix = `arn:aws:cloudwatch:${region}:${accountId}:alarm:`;
    const watching = [...this.#alarms.values()].filter(
      ({ arn, alarm }) => arn.startsWith(prefix) && metricKey(arn, alarm) === key,
    );
    const before = watching.map((kept) => this.#stateOf(kept, at).value);
    const kept = (this.#metrics.get(key) ?? []).filter((point) => at.getTime() - point.at < keptPeriod);
    this.#metrics.set(key, [...kept, { at: at.getTime(), value }]);
    for (const [index, { alarm, arn }] of watching.entries()) {
      const { value: state, reason } = this.#stateOf(watching[index] as KeptAlarm, at);
      if (state !== "ALARM" || before[index] === "ALARM") continue;
      const actionArns = alarm.ActionsEnabled ? alarm.AlarmActions : [];
      this.onStart({ name: alarm.AlarmName, arn, reason, actionArns });
    }
  }

  #stateOf({ alarm, arn }: KeptAlarm, now: Date): AlarmState {
    return stateOf(alarm, this.#metrics.get(metricKey(arn, alarm)), now.getTime());
  }

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
    return { MetricAlarms: found.map((kept) => this.#described(kept, call)), CompositeAlarms: [] };
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
    return { MetricAlarms: found.map((kept) => this.#described(kept, call)) };
  }

  #described(kept: KeptAlarm, { now }: JsonCall): Json {
    const { alarm, arn, changedAt } = kept;
    const { value, reason } = this.#stateOf(kept, now);
    const seconds = changedAt.getTime() / 1000;
    return {
      ...alarm,
      AlarmArn: arn,
      AlarmConfigurationUpdatedTimestamp: seconds,
      StateValue: value,
      StateReason: reason,
      StateUpdatedTimestamp: seconds,
    };
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

/** Returns the key of an alarm's metric. Metrics with dimensions are never recorded. */
function metricKey(alarmArn: string, { Namespace, MetricName, Dimensions }: Alarm): string {
  const [, , , region, accountId] = alarmArn.split(":");
  return JSON.stringify([region, accountId, Namespace, MetricName, ...Dimensions]);
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
