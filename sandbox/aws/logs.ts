import { authorize } from "./enforcement";
import type { HttpResponse, JsonCall } from "./protocol";
import { AwsError, parseBody, Refusal } from "./protocol";
import { changedTags, tagsIn } from "./tagMap";

type Json = Record<string, unknown>;

interface MetricFilter {
  filterName: string;
  filterPattern: string;
  metricTransformations: [{ metricName: string; metricNamespace: string; metricValue: string }];
  createdAt: Date;
}

interface LogEvent {
  logStreamName: string;
  timestamp: number;
  message: string;
  ingestionTime: number;
}

interface LogGroup {
  name: string;
  /** Without `:*` at its end. */
  arn: string;
  createdAt: Date;
  retentionInDays?: number;
  tags: Map<string, string>;
  streams: Set<string>;
  filters: Map<string, MetricFilter>;
  events: LogEvent[];
}

interface Operation {
  /** Parameters that the sandbox knows. It rejects a request with others. */
  parameters: readonly string[];
  /** ARN that must allow the action. */
  resource?(call: JsonCall, request: Json): string;
  run(call: JsonCall, request: Json): Json | undefined | Promise<undefined>;
}

/** A value that a metric filter counts. */
export interface MetricValue {
  region: string;
  accountId: string;
  namespace: string;
  name: string;
  value: number;
  at: Date;
}

const GROUP_NAME = /^[\w./#-]{1,512}$/;
/** Source: AWS, CloudWatch Logs API Reference, PutRetentionPolicy. */
const RETENTION_DAYS = new Set([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]);
/** The sandbox forgets the oldest lines beyond these. */
const MAX_EVENTS = 10_000;

/**
 * CloudWatch Logs: groups, lines, and metric filters that count every line. Retention is stored, and deletes nothing.
 *
 * Source: AWS, CloudWatch Logs API Reference.
 */
export class LogsServer {
  /** By ARN. */
  readonly #groups = new Map<string, LogGroup>();

  readonly #operations = new Map<string, Operation>(
    Object.entries({
      CreateLogGroup: {
        parameters: ["logGroupName", "tags", "logGroupClass"],
        run: (call, request) => this.#create(call, request),
      },
      DeleteLogGroup: { parameters: ["logGroupName"], run: (call, request) => this.#delete(call, request) },
      DescribeLogGroups: {
        parameters: ["logGroupNamePrefix", "limit"],
        resource: () => "*",
        run: (call, { logGroupNamePrefix = "" }) => ({
          logGroups: this.#of(call)
            .filter(({ name }) => name.startsWith(String(logGroupNamePrefix)))
            .map(describedGroup),
        }),
      },
      PutRetentionPolicy: {
        parameters: ["logGroupName", "retentionInDays"],
        run: (call, request) => this.#retain(call, request),
      },
      DeleteRetentionPolicy: {
        parameters: ["logGroupName"],
        run: (call, request) => {
          delete this.#find(call, request).retentionInDays;
          return undefined;
        },
      },
      ListTagsForResource: {
        parameters: ["resourceArn"],
        resource: (_call, { resourceArn }) => String(resourceArn),
        run: (_call, request) => ({ tags: Object.fromEntries(this.#byArn(request).tags) }),
      },
      TagResource: {
        parameters: ["resourceArn", "tags"],
        resource: (_call, { resourceArn }) => String(resourceArn),
        run: (_call, request) => this.#tag(request),
      },
      UntagResource: {
        parameters: ["resourceArn", "tagKeys"],
        resource: (_call, { resourceArn }) => String(resourceArn),
        run: (_call, request) => this.#tag(request),
      },
      PutMetricFilter: {
        parameters: ["logGroupName", "filterName", "filterPattern", "metricTransformations"],
        run: (call, request) => this.#putFilter(call, request),
      },
      DeleteMetricFilter: {
        parameters: ["logGroupName", "filterName"],
        run: (call, request) => this.#deleteFilter(call, request),
      },
      DescribeMetricFilters: {
        parameters: ["logGroupName", "filterNamePrefix", "limit"],
        run: (call, request) => this.#describeFilters(call, request),
      },
      CreateLogStream: {
        parameters: ["logGroupName", "logStreamName"],
        resource: streamArn,
        run: (call, request) => this.#createStream(call, request),
      },
      PutLogEvents: {
        parameters: ["logGroupName", "logStreamName", "logEvents"],
        resource: streamArn,
        run: (call, request) => this.#put(call, request),
      },
      FilterLogEvents: {
        parameters: ["logGroupName", "limit", "startTime", "interleaved"],
        run: (call, request) => this.#events(call, request),
      },
    } satisfies Record<string, Operation>),
  );

  /** @param onMetric Receives what the metric filters count. */
  constructor(private readonly onMetric: (value: MetricValue) => void) {}

  async handle(call: JsonCall): Promise<HttpResponse> {
    const [, name = ""] = /^Logs_20140328\.(\w+)$/.exec(call.target) ?? [];
    const operation = this.#operations.get(name);
    if (operation === undefined)
      throw new Refusal("UnknownOperation", `The sandbox's CloudWatch Logs do not have ${call.target}.`);
    const request = parseBody(call);
    const [unknown] = Object.keys(request).filter((each) => !operation.parameters.includes(each));
    if (unknown !== undefined)
      throw invalid(`The sandbox's CloudWatch Logs do not know ${unknown} of ${name}.`);
    const resource = operation.resource?.(call, request) ?? arnOf(call, request.logGroupName);
    await authorize({ ...call, action: `logs:${name}`, resource });
    if (name === "CreateLogGroup" && request.tags !== undefined)
      await authorize({ ...call, action: "logs:TagResource", resource });
    const body = operation.run(call, request) ?? {};
    return {
      status: 200,
      headers: { "content-type": "application/x-amz-json-1.1" },
      body: JSON.stringify(body),
    };
  }

  #create(call: JsonCall, { logGroupName, tags, logGroupClass = "STANDARD" }: Json): undefined {
    const name = String(logGroupName);
    if (!GROUP_NAME.test(name))
      throw invalid(`logGroupName: ${name} must be 1 to 512 letters, digits or any of ./#_-`);
    if (logGroupClass !== "STANDARD") throw invalid("logGroupClass: the sandbox has only STANDARD.");
    const arn = arnOf(call, name);
    if (this.#groups.has(arn))
      throw new AwsError("ResourceAlreadyExistsException", "The specified log group already exists");
    this.#groups.set(arn, {
      name,
      arn,
      createdAt: call.now,
      tags: tagsIn(tags),
      streams: new Set(),
      filters: new Map(),
      events: [],
    });
  }

  #delete(call: JsonCall, request: Json): undefined {
    this.#groups.delete(this.#find(call, request).arn);
  }

  #retain(call: JsonCall, request: Json): undefined {
    const days = Number(request.retentionInDays);
    if (!RETENTION_DAYS.has(days))
      throw invalid(`retentionInDays: ${days} must be one of ${[...RETENTION_DAYS].join(", ")}`);
    this.#find(call, request).retentionInDays = days;
  }

  #tag(request: Json): undefined {
    const group = this.#byArn(request);
    group.tags = changedTags(group.tags, request.tags, (request.tagKeys ?? []) as string[]);
  }

  #putFilter(call: JsonCall, request: Json): undefined {
    const group = this.#find(call, request);
    const filter = filterOf(request, call.now);
    group.filters.set(filter.filterName, filter);
  }

  #deleteFilter(call: JsonCall, request: Json): undefined {
    const { filters } = this.#find(call, request);
    if (!filters.delete(String(request.filterName))) throw notFound("metric filter");
  }

  #describeFilters(call: JsonCall, request: Json): Json {
    const { filters, name } = this.#find(call, request);
    const metricFilters = [...filters.values()]
      .filter(({ filterName }) => filterName.startsWith(String(request.filterNamePrefix ?? "")))
      .map(({ createdAt, ...filter }) => ({
        ...filter,
        logGroupName: name,
        creationTime: createdAt.getTime(),
      }));
    return { metricFilters };
  }

  #createStream(call: JsonCall, request: Json): undefined {
    const { streams } = this.#find(call, request);
    const name = String(request.logStreamName);
    if (!/^[^:*]{1,512}$/.test(name)) throw invalid(`logStreamName: ${name} is not a name`);
    if (streams.has(name))
      throw new AwsError("ResourceAlreadyExistsException", "The specified log stream already exists");
    streams.add(name);
  }

  #put(call: JsonCall, request: Json): undefined {
    const group = this.#find(call, request);
    const logStreamName = String(request.logStreamName);
    if (!group.streams.has(logStreamName)) throw notFound("log stream");
    const events = request.logEvents as { timestamp: number; message: string }[];
    const ingestionTime = call.now.getTime();
    group.events.push(...events.map((event) => ({ ...event, logStreamName, ingestionTime })));
    group.events.splice(0, group.events.length - MAX_EVENTS);
    for (const { metricTransformations } of group.filters.values()) {
      const [{ metricName: name, metricNamespace: namespace, metricValue }] = metricTransformations;
      const { region, now: at, principal } = call;
      for (const _ of events)
        this.onMetric({
          region,
          accountId: principal.accountId,
          namespace,
          name,
          value: Number(metricValue),
          at,
        });
    }
  }

  #events(call: JsonCall, request: Json): Json {
    const { events } = this.#find(call, request);
    const from = Number(request.startTime ?? 0);
    return {
      events: events.filter(({ timestamp }) => timestamp >= from).slice(-Number(request.limit ?? MAX_EVENTS)),
    };
  }

  #of(call: JsonCall): LogGroup[] {
    return [...this.#groups.values()].filter(({ arn }) => arn.startsWith(arnOf(call, "")));
  }

  #find(call: JsonCall, { logGroupName }: Json): LogGroup {
    const group = this.#groups.get(arnOf(call, logGroupName));
    if (group === undefined) throw notFound("log group");
    return group;
  }

  #byArn({ resourceArn }: Json): LogGroup {
    const group = this.#groups.get(String(resourceArn));
    if (group === undefined) throw notFound("log group");
    return group;
  }
}

/** The sandbox counts lines, and evaluates no other pattern than the empty one, which matches every line. */
function filterOf(request: Json, createdAt: Date): MetricFilter {
  const { filterName, filterPattern, metricTransformations } = request;
  const [transformation, ...others] = Array.isArray(metricTransformations) ? metricTransformations : [];
  const { metricName, metricNamespace, metricValue, ...unknown } = (transformation ?? {}) as Json;
  const [more] = Object.keys(unknown);
  if (typeof filterName !== "string" || !/^[^:*]{1,512}$/.test(filterName))
    throw invalid(`filterName: ${filterName} must be 1 to 512 characters without ':' and '*'`);
  if (filterPattern !== "")
    throw invalid(`filterPattern: the sandbox evaluates only the empty pattern, not ${filterPattern}`);
  if (others.length > 0) throw invalid("metricTransformations: exactly one is allowed");
  if (more !== undefined) throw invalid(`metricTransformations: the sandbox does not know ${more}`);
  for (const name of [metricName, metricNamespace]) {
    if (typeof name !== "string" || !/^[^:*$]{1,255}$/.test(name))
      throw invalid(`metricTransformations: ${name} must be 1 to 255 characters without ':', '*' and '$'`);
  }
  if (!Number.isFinite(Number(metricValue)) || metricValue === "")
    throw invalid(`metricValue: the sandbox takes only a number, not ${metricValue}`);
  const metric = { metricName, metricNamespace, metricValue } as MetricFilter["metricTransformations"][0];
  return { filterName, filterPattern, metricTransformations: [metric], createdAt };
}

function describedGroup({ name, arn, createdAt, retentionInDays, filters }: LogGroup): Json {
  return {
    logGroupName: name,
    arn: `${arn}:*`,
    logGroupArn: arn,
    creationTime: createdAt.getTime(),
    retentionInDays,
    metricFilterCount: filters.size,
    logGroupClass: "STANDARD",
  };
}

function arnOf({ region, principal }: JsonCall, name: unknown): string {
  return `arn:aws:logs:${region}:${principal.accountId}:log-group:${name}`;
}

function streamArn(call: JsonCall, { logGroupName, logStreamName }: Json): string {
  return `${arnOf(call, logGroupName)}:log-stream:${logStreamName}`;
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}

function notFound(what: string): AwsError {
  return new AwsError("ResourceNotFoundException", `The specified ${what} does not exist.`);
}
