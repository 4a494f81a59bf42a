import { changedTags, type JsonService, type Operation, tagsIn } from "../jsonService";
import type { MetricValue } from "../logs";
import { AwsError, type Json, type JsonCall } from "../protocol";
import {
  type Alarm,
  type AlarmState,
  alarmOf,
  type Datapoint,
  invalidCombination,
  invalidValue,
  KEPT_MS,
  missing,
  stateOf,
} from "./alarm";

interface KeptAlarm {
  alarm: Alarm;
  arn: string;
  changedAt: Date;
  tags: ReadonlyMap<string, string>;
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
export class MonitoringService implements JsonService {
  readonly name = "CloudWatch";
  readonly target = "GraniteServiceVersion20100801";
  readonly prefix = "cloudwatch";
  readonly version = "1.0";
  readonly invalid = invalidValue;
  readonly resources = namedAlarms;
  readonly #alarms = new Map<string, KeptAlarm>();
  /** By region, account, namespace and name. */
  readonly #metrics = new Map<string, Datapoint[]>();

  readonly operations: Record<string, Operation> = {
    PutMetricAlarm: {
      resources: (call, { AlarmName }) => [arnOf(call, String(AlarmName))],
      // Source: AWS, CloudWatch API Reference, PutMetricAlarm, Tags.
      tags: "Tags",
      run: (call, request) => {
        const alarm = alarmOf(request, call.region);
        const arn = arnOf(call, alarm.AlarmName);
        // An existing alarm keeps its tags.
        const tags = this.#alarms.get(arn)?.tags ?? tagsIn(request.Tags, invalidValue);
        this.#alarms.set(arn, { alarm, arn, changedAt: call.now, tags });
      },
    },
    DescribeAlarms: {
      run: (call, { AlarmNames, AlarmTypes, MaxRecords, ...others }) => {
        const wanted = AlarmNames === undefined ? undefined : names(AlarmNames);
        const isWanted = ({ AlarmName }: Alarm) => wanted?.includes(AlarmName) ?? true;
        return { MetricAlarms: this.#search(call, others, isWanted), CompositeAlarms: [] };
      },
    },
    // Source: AWS, CloudWatch API Reference, DescribeAlarmsForMetric: the alarms on exactly this metric.
    DescribeAlarmsForMetric: {
      resources: () => ["*"],
      run: (call, { Namespace, MetricName, Dimensions = [], ...others }) => {
        const wanted = JSON.stringify([Namespace, MetricName, Dimensions]);
        const isWanted = (alarm: Alarm) =>
          JSON.stringify([alarm.Namespace, alarm.MetricName, alarm.Dimensions]) === wanted;
        return { MetricAlarms: this.#search(call, others, isWanted) };
      },
    },
    EnableAlarmActions: {
      run: (call, { AlarmNames }) => {
        for (const name of names(AlarmNames)) {
          const kept = this.#alarms.get(arnOf(call, name));
          if (kept !== undefined) kept.alarm = { ...kept.alarm, ActionsEnabled: true };
        }
      },
    },
    // It deletes all of the alarms or none.
    DeleteAlarms: {
      run: (call, { AlarmNames }) => {
        const arns = names(AlarmNames).map((name) => arnOf(call, name));
        const unknown = arns.filter((arn) => !this.#alarms.has(arn));
        if (unknown.length > 0)
          throw new AwsError("ResourceNotFound", `There are no alarms ${unknown.join(", ")}.`, 404);
        for (const arn of arns) this.#alarms.delete(arn);
      },
    },
    ListTagsForResource: {
      resources: arnInRequest,
      run: (_call, request) => ({
        Tags: [...this.#byArn(request).tags].map(([Key, Value]) => ({ Key, Value })),
      }),
    },
    TagResource: {
      resources: arnInRequest,
      run: (_call, request) => {
        if (request.Tags === undefined) throw missing("Tags is required.");
        const kept = this.#byArn(request);
        kept.tags = changedTags(kept.tags, { added: request.Tags }, invalidValue);
      },
    },
    UntagResource: {
      resources: arnInRequest,
      run: (_call, request) => {
        if (!Array.isArray(request.TagKeys)) throw missing("TagKeys is required.");
        const kept = this.#byArn(request);
        kept.tags = changedTags(kept.tags, { removed: request.TagKeys }, invalidValue);
      },
    },
  };

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
    const kept = (this.#metrics.get(key) ?? []).filter((point) => at.getTime() - point.at < KEPT_MS);
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

  #search(call: JsonCall, others: Json, isWanted: (alarm: Alarm) => boolean): Json[] {
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw invalidCombination(`The sandbox does not search alarms by ${unknown}.`);
    return [...this.#alarms.values()]
      .filter(({ arn, alarm }) => arn.startsWith(arnOf(call, "")) && isWanted(alarm))
      .map((kept) => this.#described(kept, call));
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

function namedAlarms(call: JsonCall, { AlarmNames }: Json): string[] {
  return AlarmNames === undefined ? ["*"] : names(AlarmNames).map((name) => arnOf(call, name));
}

function arnInRequest(_call: JsonCall, { ResourceARN }: Json): string[] {
  if (typeof ResourceARN === "string" && /^arn:aws:cloudwatch:[^:]+:\d{12}:alarm:./.test(ResourceARN))
    return [ResourceARN];
  throw invalidValue("ResourceARN must be the ARN of an alarm.");
}

/** Source: AWS, CloudWatch API Reference, DeleteAlarms and DescribeAlarms: at most 100 names. */
function names(value: unknown): string[] {
  const isList = Array.isArray(value) && value.length >= 1 && value.length <= 100;
  if (isList && value.every((name) => typeof name === "string")) return value;
  throw invalidValue("AlarmNames must be a list of 1 to 100 names.");
}
