import { ASSUME_ROLE_ACTION, GENERATE_DATA_KEY_ACTION, SIMULATE_ACTION, WRITE_ACTIONS } from "./contract";

/** An IAM policy document. Only trust policies have `Principal`, only permission policies have `Resource`. */
export interface PolicyDocument {
  Version: "2012-10-17";
  Statement: PolicyStatement[];
}

export interface PolicyStatement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Principal?: { AWS?: string | string[]; Service?: string };
  Action: string | string[];
  Resource?: string;
  Condition?: Condition;
}

function documentOf(...statements: PolicyStatement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements };
}

/** Values by operator and condition key. */
type Condition = Record<string, Record<string, string | string[]>>;

export interface TrustPolicyInputs {
  /** ARNs of Amplitude's principals. At least one. */
  amplitudePrincipalArns: string[];
  /** Patterns that restrict Amplitude's principals. If empty, all of them may assume the role. */
  amplitudePrincipalArnPatterns?: string[];
  /** ARNs of further principals that may assume the role to test delivery. */
  testPrincipalArns: string[];
  /** External id that every principal must send, if set. */
  externalId?: string | undefined;
}

/**
 * Returns the policy that lets Amplitude's principals, and in a second statement the test principals, assume the role.
 * The external id is required with `StringEquals`, because `StringEqualsIfExists` would admit a caller without one.
 */
export function trustPolicy(inputs: TrustPolicyInputs): PolicyDocument {
  const { amplitudePrincipalArns, testPrincipalArns, externalId } = inputs;
  const patterns = inputs.amplitudePrincipalArnPatterns ?? [];
  const required: Condition =
    externalId === undefined ? {} : { StringEquals: { "sts:ExternalId": externalId } };
  const restricted: Condition =
    patterns.length === 0 ? {} : { ArnLike: { "aws:PrincipalArn": oneOrMany(patterns) } };
  const statements = [
    trustStatement("AmplitudeAssumesRole", amplitudePrincipalArns, { ...required, ...restricted }),
  ];
  if (testPrincipalArns.length > 0) {
    statements.push(trustStatement("DeliveryTestAssumesRole", testPrincipalArns, required));
  }
  return documentOf(...statements);
}

function trustStatement(sid: string, arns: string[], condition: Condition): PolicyStatement {
  return {
    Sid: sid,
    Effect: "Allow",
    Principal: { AWS: oneOrMany(arns) },
    Action: ASSUME_ROLE_ACTION,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
}

/**
 * All actions that a stream's resource policy may name. Source: AWS, "Sharing access using resource-based policies"
 * (Kinesis Developer Guide), actions of a data stream.
 */
const STREAM_POLICY_ACTIONS = [
  "kinesis:DescribeStreamSummary",
  "kinesis:GetRecords",
  "kinesis:GetShardIterator",
  "kinesis:ListShards",
  "kinesis:PutRecord",
  "kinesis:PutRecords",
];

/** Returns the stream's resource policy, which grants nothing and denies requests without TLS. */
export function insecureTransportDenial(streamArn: string): PolicyDocument {
  return documentOf({
    Sid: "DenyInsecureTransport",
    Effect: "Deny",
    Principal: { AWS: "*" },
    Action: STREAM_POLICY_ACTIONS,
    Resource: streamArn,
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  });
}

export interface WritePolicyInputs {
  streamArn: string;
  roleArn: string;
  /** ARN of a customer-managed key. The AWS-managed key requires no permission. */
  kmsKeyArn?: string | undefined;
}

/**
 * Returns the role's permissions. The vendor's template allows three actions on both ARNs. Each action supports only one of
 * the two, so two statements give the same decision for every request that AWS accepts.
 */
export function writePolicy({ streamArn, roleArn, kmsKeyArn }: WritePolicyInputs): PolicyDocument {
  const statements: PolicyStatement[] = [
    { Sid: "WriteToStream", Effect: "Allow", Action: [...WRITE_ACTIONS], Resource: streamArn },
    { Sid: "SimulateOwnPermissions", Effect: "Allow", Action: SIMULATE_ACTION, Resource: roleArn },
  ];
  if (kmsKeyArn !== undefined) {
    statements.push(keyStatement("EncryptForStream", GENERATE_DATA_KEY_ACTION, kmsKeyArn, streamArn));
  }
  return documentOf(...statements);
}

/**
 * Returns the trust policy of the guard's role, which only pipes of this name can use. `pulumi:autonaming` may add text on
 * either side of the name, or none.
 * Source: AWS, EventBridge User Guide, "Cross-service confused deputy prevention".
 *
 * @param pipeName The pipe's name in Pulumi, which is part of its generated name.
 */
export function guardTrustPolicy(streamArn: string, pipeName: string): PolicyDocument {
  const [, , , region, accountId] = streamArn.split(":");
  return documentOf({
    Sid: "PipeAssumesRole",
    Effect: "Allow",
    Principal: { Service: "pipes.amazonaws.com" },
    Action: ASSUME_ROLE_ACTION,
    Condition: {
      StringEquals: { "aws:SourceAccount": accountId ?? "" },
      ArnLike: { "aws:SourceArn": `arn:aws:pipes:${region}:${accountId}:pipe/*${pipeName}*` },
    },
  });
}

/**
 * Actions of a pipe on its stream. AWS also lists `kinesis:ListStreams`, which can't be limited to a stream, and
 * `kinesis:SubscribeToShard`, which only a registered consumer needs.
 * Source: AWS, EventBridge User Guide, "Permissions for Amazon EventBridge Pipes to access event sources".
 */
const READ_STREAM_ACTIONS = [
  "kinesis:DescribeStream",
  "kinesis:DescribeStreamSummary",
  "kinesis:GetRecords",
  "kinesis:GetShardIterator",
  "kinesis:ListShards",
];

export interface GuardPolicyInputs {
  streamArn: string;
  /** ARN without `:*` at its end, which stands for the group's streams. */
  logGroupArn: string;
  /** ARN of a customer-managed key. The AWS-managed key requires no permission. */
  kmsKeyArn?: string | undefined;
}

/**
 * Returns the permissions of the guard's pipe: to read this stream, and to write to this log group.
 * Source: AWS, CloudWatch Logs User Guide, "CloudWatch Logs resources and operations": the ARN ends with `:*`.
 */
export function guardPolicy({ streamArn, logGroupArn, kmsKeyArn }: GuardPolicyInputs): PolicyDocument {
  const statements: PolicyStatement[] = [
    { Sid: "ReadStream", Effect: "Allow", Action: READ_STREAM_ACTIONS, Resource: streamArn },
    {
      Sid: "WriteToLogGroup",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: `${logGroupArn}:*`,
    },
  ];
  if (kmsKeyArn !== undefined) {
    statements.push(keyStatement("DecryptStream", "kms:Decrypt", kmsKeyArn, streamArn));
  }
  return documentOf(...statements);
}

/**
 * Lets Kinesis use the key on the role's behalf, only for this stream.
 * Source: AWS, "Permissions to use user-generated KMS keys" and "Encryption context" (Kinesis Developer Guide).
 */
function keyStatement(sid: string, action: string, kmsKeyArn: string, streamArn: string): PolicyStatement {
  const region = streamArn.split(":")[3];
  return {
    Sid: sid,
    Effect: "Allow",
    Action: action,
    Resource: kmsKeyArn,
    Condition: {
      StringEquals: {
        "kms:ViaService": `kinesis.${region}.amazonaws.com`,
        "kms:EncryptionContext:aws:kinesis:arn": streamArn,
      },
    },
  };
}

/** Unwraps a list of one, because IAM returns it as a string and a refresh would show a difference. */
function oneOrMany(values: string[]): string | string[] {
  const [only, ...others] = values;
  return only !== undefined && others.length === 0 ? only : values;
}
