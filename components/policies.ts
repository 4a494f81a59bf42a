import { ASSUME_ROLE_ACTION, GENERATE_DATA_KEY_ACTION, SIMULATE_ACTION, WRITE_ACTIONS } from "./contract";

/** An IAM policy document. `Principal` occurs in trust policies alone, `Resource` in permission policies alone. */
export interface PolicyDocument {
  Version: "2012-10-17";
  Statement: PolicyStatement[];
}

export interface PolicyStatement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Principal?: { AWS: string | string[] };
  Action: string | string[];
  Resource?: string;
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface TrustPolicyInputs {
  /** ARNs of Amplitude's principals; at least one. */
  amplitudePrincipalArns: string[];
  /** Only principals of Amplitude's whose ARN is like one of these get in; none: all of them. */
  amplitudePrincipalArnPatterns?: string[];
  /** ARNs of further principals that may assume the role to test delivery. */
  testPrincipalArns: string[];
  /** Demanded of every principal where it is given. */
  externalId?: string | undefined;
}

/**
 * Who may assume the role: Amplitude's principals, and apart from them those of the delivery test. An external id
 * is demanded by `StringEquals`: `StringEqualsIfExists` would let a caller without one in.
 */
export function trustPolicy(inputs: TrustPolicyInputs): PolicyDocument {
  const { amplitudePrincipalArns, testPrincipalArns, externalId } = inputs;
  const patterns = inputs.amplitudePrincipalArnPatterns ?? [];
  const demanded = externalId === undefined ? {} : { StringEquals: { "sts:ExternalId": externalId } };
  const narrowed = patterns.length === 0 ? {} : { ArnLike: { "aws:PrincipalArn": oneOrMany(patterns) } };
  const statements = [
    trustStatement("AmplitudeAssumesRole", amplitudePrincipalArns, { ...demanded, ...narrowed }),
  ];
  if (testPrincipalArns.length > 0) {
    statements.push(trustStatement("DeliveryTestAssumesRole", testPrincipalArns, demanded));
  }
  return { Version: "2012-10-17", Statement: statements };
}

function trustStatement(
  sid: string,
  arns: string[],
  condition: NonNullable<PolicyStatement["Condition"]>,
): PolicyStatement {
  return {
    Sid: sid,
    Effect: "Allow",
    Principal: { AWS: oneOrMany(arns) },
    Action: ASSUME_ROLE_ACTION,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
}

/**
 * Every action that a stream's own policy may name. Source: AWS, "Sharing access using resource-based policies"
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

/** The stream's own policy: it gives nobody anything, and refuses everybody who doesn't use TLS. */
export function insecureTransportDenial(streamArn: string): PolicyDocument {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "DenyInsecureTransport",
        Effect: "Deny",
        Principal: { AWS: "*" },
        Action: STREAM_POLICY_ACTIONS,
        Resource: streamArn,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  };
}

export interface WritePolicyInputs {
  streamArn: string;
  roleArn: string;
  /** The customer's own key; without one the stream's AWS-managed key needs no permission of the role. */
  kmsKeyArn?: string | undefined;
}

/**
 * What the role may do. The vendor's template allows its three actions on both ARNs; each action works on one of
 * the two alone, so two statements decide the same for every request that AWS accepts.
 */
export function writePolicy({ streamArn, roleArn, kmsKeyArn }: WritePolicyInputs): PolicyDocument {
  const statements: PolicyStatement[] = [
    { Sid: "WriteToStream", Effect: "Allow", Action: [...WRITE_ACTIONS], Resource: streamArn },
    { Sid: "SimulateOwnPermissions", Effect: "Allow", Action: SIMULATE_ACTION, Resource: roleArn },
  ];
  if (kmsKeyArn !== undefined) statements.push(encryptStatement(kmsKeyArn, streamArn));
  return { Version: "2012-10-17", Statement: statements };
}

/**
 * The key may be used by Kinesis on the role's behalf, for this stream alone.
 * Source: AWS, "Permissions to use user-generated KMS keys" and "Encryption context" (Kinesis Developer Guide).
 */
function encryptStatement(kmsKeyArn: string, streamArn: string): PolicyStatement {
  const region = streamArn.split(":")[3];
  return {
    Sid: "EncryptForStream",
    Effect: "Allow",
    Action: GENERATE_DATA_KEY_ACTION,
    Resource: kmsKeyArn,
    Condition: {
      StringEquals: {
        "kms:ViaService": `kinesis.${region}.amazonaws.com`,
        "kms:EncryptionContext:aws:kinesis:arn": streamArn,
      },
    },
  };
}

/** IAM returns a list of one as a plain string; sending it that way keeps a refresh without differences. */
function oneOrMany(values: string[]): string | string[] {
  const [only, ...others] = values;
  return only !== undefined && others.length === 0 ? only : values;
}
