import { expect } from "chai";
import { guardPattern } from "../../../components/contract";
import { checkGuard } from "../../../delivery/deployment/guard";

const STREAM = "arn:aws:kinesis:us-east-1:111122223333:stream/events";
const PIPE = "arn:aws:pipes:us-east-1:111122223333:pipe/acme-guard-1";
const GROUP = "arn:aws:logs:us-east-1:111122223333:log-group:acme-guard-log-1";
const outputs = {
  roleArn: "arn:aws:iam::111122223333:role/amplitude",
  region: "us-east-1",
  streamName: "events",
  guardPipeArn: PIPE,
  guardProjectIds: [100, 200],
};
const filtering = (...patterns: string[]) => ({
  FilterCriteria: { Filters: patterns.map((Pattern) => ({ Pattern })) },
});
const pipe = {
  CurrentState: "RUNNING",
  Source: STREAM,
  Target: GROUP,
  SourceParameters: filtering(guardPattern([100, 200])),
};
const metric = {
  metricNamespace: "AmplitudeKinesis",
  metricName: "events-of-other-projects-events",
  metricValue: "1",
};
const filters = [{ filterPattern: "", metricTransformations: [metric] }];
const alarm = {
  AlarmName: "acme-guard-alarm-1",
  Statistic: "Sum",
  ComparisonOperator: "GreaterThanThreshold",
  Threshold: 0,
  ActionsEnabled: true,
  AlarmActions: ["topic"],
  StateValue: "OK",
};

/** An AWS that responds with these, or throws an error of this name. */
interface Responses {
  pipe?: object | string;
  filters?: object[] | string;
  alarms?: object[];
}

function checked(responses: Responses, more: object = {}) {
  const client = (response: unknown) => ({
    send: async () => {
      if (typeof response !== "string") return response;
      throw Object.assign(new Error(response), { name: response });
    },
  });
  const { pipe: described = pipe, filters: found = filters, alarms = [alarm] } = responses;
  const clients = {
    pipes: () => client(described),
    logs: () => client(typeof found === "string" ? found : { metricFilters: found }),
    cloudWatch: client({ MetricAlarms: alarms }),
  };
  return checkGuard(clients as unknown as Parameters<typeof checkGuard>[0], { ...outputs, ...more }, STREAM);
}

describe("The check of the guard", () => {
  it("says nothing without a guard, and finds nothing if it works", async () => {
    expect(await checked({}, { guardPipeArn: undefined })).to.deep.equal({ guard: null, findings: [] });
    const guard = { pipeArn: PIPE, state: "RUNNING", projectIds: [100, 200] };
    expect(await checked({})).to.deep.equal({ guard, findings: [] });
    expect((await checked({}, { guardProjectIds: [200, 100] })).findings).to.deep.equal([]);
    expect((await checked({}, { guardProjectIds: undefined })).findings).to.deep.equal([]);
  });

  const wrong: [what: string, responses: Responses, code: string, says: RegExp, remedy: RegExp][] = [
    ["a pipe that is gone", { pipe: "NotFoundException" }, "guard-missing", /doesn't exist/, /up --refresh/],
    [
      "a pipe of another stream",
      { pipe: { ...pipe, Source: `${STREAM}-2` } },
      "guard-missing",
      /events-2/,
      /up/,
    ],
    [
      "a stopped pipe",
      { pipe: { ...pipe, CurrentState: "STOPPED" } },
      "guard-stopped",
      /is STOPPED, so/,
      /^Run `aws pipes start-pipe --region us-east-1 --name acme-guard-1`$/,
    ],
    [
      "a pipe that failed",
      { pipe: { ...pipe, CurrentState: "UPDATE_FAILED", StateReason: "no permission" } },
      "guard-stopped",
      /UPDATE_FAILED \(no permission\)/,
      /pulumi up --refresh/,
    ],
    [
      "another project",
      { pipe: { ...pipe, SourceParameters: filtering(guardPattern([100])) } },
      "guard-projects-differ",
      /expects the projects 100, not 100, 200/,
      /pulumi up --refresh/,
    ],
    [
      "a pipe without a filter",
      { pipe: { ...pipe, SourceParameters: {} } },
      "guard-projects-differ",
      /another pattern/,
      /pulumi up --refresh/,
    ],
    [
      "a second filter",
      { pipe: { ...pipe, SourceParameters: filtering(guardPattern([100, 200]), "{}") } },
      "guard-projects-differ",
      /another pattern/,
      /pulumi up --refresh/,
    ],
    [
      "a log group that is gone",
      { filters: "ResourceNotFoundException" },
      "guard-missing",
      /log group/,
      /up/,
    ],
    ["a metric filter that is gone", { filters: [] }, "guard-missing", /No metric filter/, /up/],
    [
      "a metric filter that counts some lines",
      { filters: [{ ...filters[0], filterPattern: "{ $.app = 7 }" }] },
      "guard-missing",
      /No metric filter/,
      /up/,
    ],
    [
      "a metric filter that counts each line as none",
      { filters: [{ ...filters[0], metricTransformations: [{ ...metric, metricValue: "0" }] }] },
      "guard-missing",
      /No metric filter/,
      /up/,
    ],
    [
      "an alarm with a higher threshold",
      { alarms: [{ ...alarm, Threshold: 1_000 }] },
      "guard-missing",
      /No alarm is raised by a single event/,
      /up --refresh/,
    ],
    [
      "an alarm of another use of the metric",
      { alarms: [{ ...alarm, ComparisonOperator: "LessThanThreshold", Threshold: 1 }] },
      "guard-missing",
      /No alarm is raised by a single event/,
      /up/,
    ],
    [
      "a pipe that starts",
      { pipe: { ...pipe, CurrentState: "STARTING" } },
      "guard-stopped",
      /is STARTING/,
      /^Wait/,
    ],
    ["an alarm that is gone", { alarms: [] }, "guard-missing", /No alarm/, /up/],
    [
      "an alarm without an action",
      { alarms: [{ ...alarm, AlarmActions: [] }] },
      "alarm-tells-nobody",
      /notifies nobody/,
      /guard\.actionArns/,
    ],
    ["an intruder", { alarms: [{ ...alarm, StateValue: "ALARM" }] }, "alarm-raised", /is raised/, /./],
  ];
  for (const [what, responses, code, says, remedy] of wrong) {
    it(`warns of ${what}`, async () => {
      const [found, ...others] = (await checked(responses)).findings;
      expect(others).to.deep.equal([]);
      expect(found).to.include({ code, severity: "warning" });
      expect(found?.message).to.match(says);
      expect(found?.remedy).to.match(remedy);
    });
  }

  it("is undetermined if AWS refuses it, and names the actions to grant", async () => {
    const [found, ...others] = (await checked({ filters: "AccessDeniedException" })).findings;
    expect(others).to.deep.equal([]);
    expect(found).to.include({ code: "guard-not-readable", severity: "undetermined" });
    expect(found?.remedy).to.match(/pipes:DescribePipe, logs:DescribeMetricFilters and cloudwatch:/);
  });
});
