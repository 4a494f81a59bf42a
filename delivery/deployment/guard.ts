import {
  type CloudWatchClient,
  DescribeAlarmsForMetricCommand,
  type MetricAlarm,
} from "@aws-sdk/client-cloudwatch";
import type { CloudWatchLogsClient, MetricFilter } from "@aws-sdk/client-cloudwatch-logs";
import type { DescribePipeResponse, PipesClient } from "@aws-sdk/client-pipes";
import { GUARD_NAMESPACE, guardMetric, guardPattern } from "../../components/contract";
import { type Finding, finding, present } from "../common/findings";
import type { StackOutputs } from "../common/outputs";
import { alarmFindings } from "./alarms";
import { ACTIONS } from "./iam/actions";
import { failed, grantRemedy, inspect, isNamed } from "./inspection";

/** The guard as AWS describes it. */
export interface CheckedGuard {
  /** ARN of its pipe. */
  pipeArn: string;
  /** Such as `RUNNING`. Null if it could not be looked up. */
  state: string | null;
  /** Ids of the projects that its filter expects. Null if they could not be read from it. */
  projectIds: number[] | null;
}

export interface GuardCheck {
  /** Null without a guard. */
  guard: CheckedGuard | null;
  findings: Finding[];
}

interface Clients {
  pipes: () => PipesClient;
  logs: () => CloudWatchLogsClient;
  cloudWatch: CloudWatchClient;
}

const UP = "Run `pulumi up --refresh`";
const ADD_ACTION = "`pulumi config set --path 'guard.actionArns[0]' TOPIC-ARN && pulumi up`";
const GRANT = grantRemedy(
  [...ACTIONS.readGuard, ...ACTIONS.readGuardLog, ...ACTIONS.readAlarms],
  "the guard's pipe, its log group and `*`",
  "check",
);

/**
 * Checks whether the stack's guard would notice events of another project: its pipe, filter, log group, metric and alarm.
 * Delivery works without it, so what is wrong with it is a warning.
 */
export function checkGuard(clients: Clients, outputs: StackOutputs, streamArn: string): Promise<GuardCheck> {
  const { guardPipeArn: pipeArn } = outputs;
  if (pipeArn === undefined) return Promise.resolve({ guard: null, findings: [] });
  const guard: CheckedGuard = { pipeArn, state: null, projectIds: null };
  return inspect<GuardCheck>(
    async () => {
      const pipe = await describePipe(clients.pipes(), pipeArn);
      if (pipe === undefined)
        return {
          guard,
          findings: [missing(pipeArn, "The guard's pipe doesn't exist, so nothing looks for")],
        };
      const found = { ...guard, state: pipe.CurrentState ?? null, projectIds: expectedBy(pipe) };
      const lines = await linesFindings(clients, outputs, pipe, pipeArn);
      return { guard: found, findings: [...pipeFindings(pipe, found, outputs, streamArn), ...lines] };
    },
    (error) => ({
      guard,
      findings: [
        finding.undetermined(
          "guard-not-readable",
          pipeArn,
          ...failed("Whether the guard works could not be determined", error, GRANT),
        ),
      ],
    }),
  );
}

function missing(where: string, message: string): Finding {
  return finding.warning("guard-missing", where, `${message} events of another Amplitude project`, UP);
}

async function describePipe(client: PipesClient, pipeArn: string): Promise<DescribePipeResponse | undefined> {
  const { DescribePipeCommand }: typeof import("@aws-sdk/client-pipes") = require("@aws-sdk/client-pipes");
  try {
    return await client.send(new DescribePipeCommand({ Name: nameOf(pipeArn) }));
  } catch (error) {
    if (isNamed(error, "NotFoundException")) return undefined;
    throw error;
  }
}

function pipeFindings(
  { CurrentState, StateReason, Source }: DescribePipeResponse,
  { pipeArn, projectIds }: CheckedGuard,
  { guardProjectIds: expected, region }: StackOutputs,
  streamArn: string,
): Finding[] {
  if (Source !== streamArn)
    return [missing(pipeArn, `The guard's pipe reads ${Source}, so nothing looks for`)];
  const reason = StateReason === undefined ? "" : ` (${StateReason})`;
  const start = `\`aws pipes start-pipe --region ${region} --name ${nameOf(pipeArn)}\``;
  const filter =
    projectIds === null ? "another pattern than the guard's" : `the projects ${projectIds.join(", ")}`;
  const wanted = expected === undefined ? "" : `, not ${expected.join(", ")} as the stack says`;
  return present([
    CurrentState !== "RUNNING" &&
      finding.warning(
        "guard-stopped",
        pipeArn,
        `The guard's pipe is ${CurrentState}${reason}, so nothing looks for events of another Amplitude project`,
        startRemedy(CurrentState, start),
      ),
    (projectIds === null || (expected !== undefined && !isSameSet(projectIds, expected))) &&
      finding.warning(
        "guard-projects-differ",
        pipeArn,
        `The filter of the guard's pipe expects ${filter}${wanted}`,
        UP,
      ),
  ]);
}

function nameOf(pipeArn: string): string | undefined {
  return pipeArn.split("/")[1];
}

function startRemedy(state: string | undefined, start: string): string {
  if (state === "STOPPED") return `Run ${start}`;
  return /^(CREATING|UPDATING|STARTING)$/.test(state ?? "") ? "Wait a minute, and check again" : UP;
}

/** Returns null unless the pipe has exactly one filter, with the guard's pattern. */
function expectedBy({ SourceParameters }: DescribePipeResponse): number[] | null {
  const [filter, ...others] = SourceParameters?.FilterCriteria?.Filters ?? [];
  const pattern = filter?.Pattern ?? "";
  const ids = (/"anything-but":\[([\d,]+)\]/.exec(pattern)?.[1] ?? "").split(",").map(Number);
  return others.length === 0 && guardPattern(ids) === pattern ? ids : null;
}

function isSameSet(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((id) => other.includes(id));
}

/** Follows a line from the log group over its metric to whoever is notified. */
async function linesFindings(
  { logs, cloudWatch }: Clients,
  { streamName }: StackOutputs,
  { Target = "" }: DescribePipeResponse,
  pipeArn: string,
): Promise<Finding[]> {
  const filters = await metricFilters(logs(), Target);
  if (filters === undefined) {
    return [missing(Target || pipeArn, "The guard's log group doesn't exist, so nothing reports")];
  }
  const MetricName = guardMetric(streamName);
  const counts = ({ filterPattern, metricTransformations = [] }: MetricFilter) =>
    !filterPattern?.trim() &&
    metricTransformations.some(
      ({ metricNamespace, metricName, metricValue }) =>
        metricNamespace === GUARD_NAMESPACE && metricName === MetricName && metricValue === "1",
    );
  if (!filters.some(counts)) {
    return [
      missing(Target, "No metric filter counts the lines of the guard's log group, so nothing reports"),
    ];
  }
  const metric = { Namespace: GUARD_NAMESPACE, MetricName };
  const { MetricAlarms = [] } = await cloudWatch.send(new DescribeAlarmsForMetricCommand(metric));
  const alarms = MetricAlarms.filter(isRaisedByOneEvent);
  if (alarms.length === 0) {
    const message = "No alarm is raised by a single event in the guard's metric, so nobody hears of";
    return [missing(`${GUARD_NAMESPACE} ${MetricName}`, message)];
  }
  return alarms.flatMap((alarm) => alarmFindings(alarm, ADD_ACTION));
}

function isRaisedByOneEvent({ Statistic, ComparisonOperator, Threshold = 0 }: MetricAlarm): boolean {
  const isReached =
    ComparisonOperator === "GreaterThanThreshold"
      ? Threshold < 1
      : ComparisonOperator === "GreaterThanOrEqualToThreshold" && Threshold <= 1;
  return isReached && (Statistic === "Sum" || Statistic === "Maximum" || Statistic === "SampleCount");
}

async function metricFilters(
  client: CloudWatchLogsClient,
  target: string,
): Promise<MetricFilter[] | undefined> {
  const sdk: typeof import("@aws-sdk/client-cloudwatch-logs") = require("@aws-sdk/client-cloudwatch-logs");
  const logGroupName = target.slice(target.indexOf(":log-group:") + ":log-group:".length);
  try {
    return (await client.send(new sdk.DescribeMetricFiltersCommand({ logGroupName }))).metricFilters ?? [];
  } catch (error) {
    if (isNamed(error, "ResourceNotFoundException")) return undefined;
    throw error;
  }
}
