import { changedTags, type JsonService, type Operation, tagsIn } from "./jsonService";
import { AwsError, type Json, type JsonCall } from "./protocol";

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
export class LogsService implements JsonService {
  readonly name = "CloudWatch Logs";
  readonly target = "Logs_20140328";
  readonly prefix = "logs";
  readonly version = "1.1";
  readonly invalid = invalid;
  /** By ARN. */
  readonly #groups = new Map<string, LogGroup>();

  readonly operations: Record<string, Operation> = {
    CreateLogGroup: {
      parameters: ["logGroupName", "tags", "logGroupClass"],
      tags: "tags",
      run: (call, request) => {
        const group = groupOf(call, request);
        if (this.#groups.has(group.arn)) throw alreadyExists("log group");
        this.#groups.set(group.arn, group);
      },
    },
    DeleteLogGroup: {
      parameters: ["logGroupName"],
      run: (call, request) => {
        this.#groups.delete(this.#find(call, request).arn);
      },
    },
    DescribeLogGroups: {
      parameters: ["logGroupNamePrefix", "limit"],
      resources: () => ["*"],
      run: (call, { logGroupNamePrefix = "" }) => ({
        logGroups: [...this.#groups.values()]
          .filter(({ arn }) => arn.startsWith(arnOf(call, "")))
          .filter(({ name }) => name.startsWith(String(logGroupNamePrefix)))
          .map(describedGroup),
      }),
    },
    PutRetentionPolicy: {
      parameters: ["logGroupName", "retentionInDays"],
      run: (call, request) => {
        const days = Number(request.retentionInDays);
        if (!RETENTION_DAYS.has(days))
          throw invalid(`retentionInDays: ${days} must be one of ${[...RETENTION_DAYS].join(", ")}`);
        this.#find(call, request).retentionInDays = days;
      },
    },
    DeleteRetentionPolicy: {
      parameters: ["logGroupName"],
      run: (call, request) => {
        delete this.#find(call, request).retentionInDays;
      },
    },
    ListTagsForResource: {
      parameters: ["resourceArn"],
      resources: arnInRequest,
      run: (_call, request) => ({ tags: Object.fromEntries(this.#byArn(request.resourceArn).tags) }),
    },
    TagResource: {
      parameters: ["resourceArn", "tags"],
      resources: arnInRequest,
      run: (_call, request) => this.#changeTags(request),
    },
    UntagResource: {
      parameters: ["resourceArn", "tagKeys"],
      resources: arnInRequest,
      run: (_call, request) => this.#changeTags(request),
    },
    PutMetricFilter: {
      parameters: ["logGroupName", "filterName", "filterPattern", "metricTransformations"],
      run: (call, request) => {
        const group = this.#find(call, request);
        const filter = filterOf(request, call.now);
        group.filters.set(filter.filterName, filter);
      },
    },
    DeleteMetricFilter: {
      parameters: ["logGroupName", "filterName"],
      run: (call, request) => {
        const { filters } = this.#find(call, request);
        if (!filters.delete(String(request.filterName))) throw notFound("metric filter");
      },
    },
    DescribeMetricFilters: {
      parameters: ["logGroupName", "filterNamePrefix", "limit"],
      run: (call, request) => {
        const { filters, name: logGroupName } = this.#find(call, request);
        const metricFilters = [...filters.values()]
          .filter(({ filterName }) => filterName.startsWith(String(request.filterNamePrefix ?? "")))
          .map(({ createdAt, ...filter }) => ({
            ...filter,
            logGroupName,
            creationTime: createdAt.getTime(),
          }));
        return { metricFilters };
      },
    },
    CreateLogStream: {
      parameters: ["logGroupName", "logStreamName"],
      resources: streamArn,
      run: (call, request) => {
        const { streams } = this.#find(call, request);
        const name = String(request.logStreamName);
        if (!/^[^:*]{1,512}$/.test(name)) throw invalid(`logStreamName: ${name} is not a name`);
        if (streams.has(name)) throw alreadyExists("log stream");
        streams.add(name);
      },
    },
    PutLogEvents: {
      parameters: ["logGroupName", "logStreamName", "logEvents"],
      resources: streamArn,
      run: (call, request) => this.#put(call, request),
    },
    FilterLogEvents: {
      parameters: ["logGroupName", "limit", "startTime", "interleaved"],
      run: (call, request) => {
        const { startTime = 0, limit = MAX_EVENTS } = request;
        const { events } = this.#find(call, request);
        return {
          events: events.filter(({ timestamp }) => timestamp >= Number(startTime)).slice(-Number(limit)),
        };
      },
    },
  };

  /** @param onMetric Receives what the metric filters count. */
  constructor(private readonly onMetric: (value: MetricValue) => void) {}

  resources(call: JsonCall, { logGroupName }: Json): string[] {
    return [arnOf(call, logGroupName)];
  }

  #changeTags({ resourceArn, tags, tagKeys }: Json): void {
    const group = this.#byArn(resourceArn);
    const removed = tagKeys as string[] | undefined;
    group.tags = changedTags(group.tags, { added: tags, removed }, invalid);
  }

  #put(call: JsonCall, request: Json): void {
    const group = this.#find(call, request);
    const logStreamName = String(request.logStreamName);
    if (!group.streams.has(logStreamName)) throw notFound("log stream");
    const events = request.logEvents as { timestamp: number; message: string }[];
    const ingestionTime = call.now.getTime();
    group.events.push(...events.map((event) => ({ ...event, logStreamName, ingestionTime })));
    group.events.splice(0, group.events.length - MAX_EVENTS);
    const { region, now: at, principal } = call;
    for (const { metricTransformations } of group.filters.values()) {
      const [{ metricName: name, metricNamespace: namespace, metricValue }] = metricTransformations;
      const metric = { region, accountId: principal.accountId, namespace, name, at };
      for (const _ of events) this.onMetric({ ...metric, value: Number(metricValue) });
    }
  }

  #find(call: JsonCall, { logGroupName }: Json): LogGroup {
    return this.#byArn(arnOf(call, logGroupName));
  }

  #byArn(arn: unknown): LogGroup {
    const group = this.#groups.get(String(arn));
    if (group === undefined) throw notFound("log group");
    return group;
  }
}

function groupOf(call: JsonCall, { logGroupName, tags, logGroupClass = "STANDARD" }: Json): LogGroup {
  const name = String(logGroupName);
  if (!GROUP_NAME.test(name))
    throw invalid(`logGroupName: ${name} must be 1 to 512 letters, digits or any of ./#_-`);
  if (logGroupClass !== "STANDARD") throw invalid("logGroupClass: the sandbox has only STANDARD.");
  return {
    name,
    arn: arnOf(call, name),
    createdAt: call.now,
    tags: tagsIn(tags, invalid),
    streams: new Set(),
    filters: new Map(),
    events: [],
  };
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

function streamArn(call: JsonCall, { logGroupName, logStreamName }: Json): string[] {
  return [`${arnOf(call, logGroupName)}:log-stream:${logStreamName}`];
}

function arnInRequest(_call: JsonCall, { resourceArn }: Json): string[] {
  return [String(resourceArn)];
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}

function alreadyExists(what: string): AwsError {
  return new AwsError("ResourceAlreadyExistsException", `The specified ${what} already exists`);
}

function notFound(what: string): AwsError {
  return new AwsError("ResourceNotFoundException", `The specified ${what} does not exist.`);
}
