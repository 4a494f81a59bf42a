import { AwsError, isObject, type Json } from "../protocol";
import { type EventPattern, parsePattern } from "./eventPattern";

/** The supported kind of pipe: from a stream, through filters and a template, to a log group. */
export interface Pipe {
  Description?: string;
  DesiredState: "RUNNING" | "STOPPED";
  RoleArn: string;
  Source: string;
  SourceParameters: {
    FilterCriteria?: { Filters: { Pattern: string }[] };
    KinesisStreamParameters: {
      StartingPosition: "TRIM_HORIZON" | "LATEST";
      BatchSize: number;
      MaximumRetryAttempts: number;
      OnPartialBatchItemFailure?: string;
    };
  };
  Target: string;
  TargetParameters: { InputTemplate?: string };
}

type Check = (value: unknown) => boolean;
interface Member {
  rule: string;
  isValid: Check;
}

const text =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === "string" && pattern.test(value);
const integer =
  (min: number, max: number): Check =>
  (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max;

const STREAM_ARN = /^arn:aws:kinesis:([a-z0-9-]+):(\d{12}):stream\/([\w.-]{1,128})$/;
export const LOG_GROUP_ARN = /^arn:aws:logs:([a-z0-9-]+):(\d{12}):log-group:([\w./#-]{1,512})$/;

/** Members by their path. The sandbox rejects any other. Source: AWS, Pipes API Reference, CreatePipe. */
const MEMBERS: Record<string, Member> = {
  Description: { rule: "at most 512 characters", isValid: text(/^[\s\S]{0,512}$/) },
  DesiredState: { rule: "RUNNING or STOPPED", isValid: text(/^(RUNNING|STOPPED)$/) },
  RoleArn: { rule: "the ARN of a role", isValid: text(/^arn:aws:iam::\d{12}:role\/\S+$/) },
  Source: { rule: "the ARN of a stream; the sandbox's pipes read nothing else", isValid: text(STREAM_ARN) },
  Target: {
    rule: "the ARN of a log group; the sandbox's pipes write to nothing else",
    isValid: text(LOG_GROUP_ARN),
  },
  "SourceParameters.FilterCriteria.Filters": {
    rule: "up to 5 patterns of at most 4096 characters",
    isValid: (filters) =>
      Array.isArray(filters) && filters.length <= 5 && filters.every((each) => isFilter(each as Json)),
  },
  "SourceParameters.KinesisStreamParameters.StartingPosition": {
    rule: "TRIM_HORIZON or LATEST; the sandbox doesn't start at a time",
    isValid: text(/^(TRIM_HORIZON|LATEST)$/),
  },
  "SourceParameters.KinesisStreamParameters.BatchSize": { rule: "1 to 10000", isValid: integer(1, 10_000) },
  "SourceParameters.KinesisStreamParameters.MaximumRetryAttempts": {
    rule: "-1 to 10000",
    isValid: integer(-1, 10_000),
  },
  "SourceParameters.KinesisStreamParameters.OnPartialBatchItemFailure": {
    rule: "AUTOMATIC_BISECT",
    isValid: text(/^AUTOMATIC_BISECT$/),
  },
  "TargetParameters.InputTemplate": { rule: "1 to 8192 characters", isValid: text(/^[\s\S]{1,8192}$/) },
};
const GROUPS = new Set(
  Object.keys(MEMBERS).flatMap((path) => {
    const parts = path.split(".");
    return parts.map((_, index) => parts.slice(0, index).join("."));
  }),
);

function isFilter({ Pattern, ...others }: Json): boolean {
  return typeof Pattern === "string" && Pattern.length <= 4096 && Object.keys(others).length === 0;
}

/** Returns the pipe of a CreatePipe or UpdatePipe request. @throws AwsError for what the sandbox doesn't support. */
export function pipeOf(request: Json): Pipe {
  checkMembers(request, "");
  for (const required of ["RoleArn", "Source", "Target"]) {
    if (request[required] === undefined) throw invalid(`${required}: must not be null`);
  }
  const { KinesisStreamParameters, ...source } = (request.SourceParameters ?? {}) as Record<string, Json>;
  if (KinesisStreamParameters?.StartingPosition === undefined) {
    throw invalid("SourceParameters.KinesisStreamParameters.StartingPosition: must not be null");
  }
  const pipe = {
    DesiredState: "RUNNING",
    TargetParameters: {},
    ...request,
    SourceParameters: {
      ...source,
      KinesisStreamParameters: { BatchSize: 100, MaximumRetryAttempts: -1, ...KinesisStreamParameters },
    },
  } as unknown as Pipe;
  const [, region, accountId] = STREAM_ARN.exec(pipe.Source) ?? [];
  const [, targetRegion, targetAccount] = LOG_GROUP_ARN.exec(pipe.Target) ?? [];
  if (region !== targetRegion || accountId !== targetAccount)
    throw invalid("Target: must be in the source's account and region");
  patternsOf(pipe);
  const { InputTemplate } = pipe.TargetParameters;
  if (InputTemplate !== undefined) checkTemplate(InputTemplate);
  return pipe;
}

function checkMembers(members: Json, prefix: string): void {
  for (const [name, value] of Object.entries(members)) {
    const path = prefix + name;
    const member = MEMBERS[path];
    if (member !== undefined) {
      if (!member.isValid(value))
        throw invalid(`${path}: ${JSON.stringify(value)?.slice(0, 200)} must be ${member.rule}`);
    } else if (GROUPS.has(path) && typeof value === "object" && value !== null) {
      checkMembers(value as Json, `${path}.`);
    } else {
      throw invalid(`The sandbox's pipes do not support ${path}`);
    }
  }
}

/** Returns undefined if every record passes. @throws AwsError for a pattern that is malformed or not evaluated. */
export function patternsOf({ SourceParameters: { FilterCriteria } }: Pipe): EventPattern[] | undefined {
  const filters = FilterCriteria?.Filters ?? [];
  try {
    return filters.length === 0 ? undefined : filters.map(({ Pattern }) => parsePattern(Pattern));
  } catch (error) {
    throw invalid(`SourceParameters.FilterCriteria: ${error instanceof Error ? error.message : error}`);
  }
}

export function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

const VARIABLE = /<([^<>]*)>/g;
const FIELD_PATH = /^\$((?:\.[A-Za-z0-9_-]+)+)$/;

/**
 * Checks a template that is JSON with variables as values. The sandbox has only variables of the form `<$.path>`.
 *
 * Source: AWS, EventBridge User Guide, "Amazon EventBridge Pipes input transformation".
 *
 * @throws AwsError
 */
function checkTemplate(template: string): void {
  for (const [, variable = ""] of template.matchAll(VARIABLE)) {
    if (!FIELD_PATH.test(variable))
      throw invalid(`TargetParameters.InputTemplate: the sandbox doesn't know the variable <${variable}>`);
  }
  try {
    // Within a string, the quotes of the replacement make the JSON invalid.
    JSON.parse(template.replaceAll(VARIABLE, '["variable"]'));
  } catch {
    throw invalid("TargetParameters.InputTemplate: the sandbox supports only JSON with variables as values");
  }
}

/** Returns the line for a record. A missing field becomes null, because AWS doesn't document what it becomes. */
export function filled(template: string, record: unknown): string {
  return template.replaceAll(VARIABLE, (_, variable: string) => {
    const [, path = ""] = FIELD_PATH.exec(variable) ?? [];
    const value = path.slice(1).split(".").reduce<unknown>(fieldOf, record);
    return JSON.stringify(value ?? null);
  });
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}
