import type { AmplitudeKinesisDestinationArgs } from "../../components/index";
import type { Rendered } from "../components/rendered";
import { listed, type PolicyDocument, type Statement } from "./documents";
import type { KnownAction } from "./iamData";

/** The rendered resources that scanners inspect. */
export interface Scanned {
  inputs: AmplitudeKinesisDestinationArgs;
  resources: Rendered[];
  stream: Record<string, unknown>;
  role: Record<string, unknown>;
  policy: Record<string, unknown>;
  trust: PolicyDocument;
  write: PolicyDocument;
  actions: KnownAction[];
}

export interface ScannerRule {
  ids: string[];
  asks: string;
  holds: (scanned: Scanned) => boolean;
  /** Why the rule is waived for these inputs; undefined if it must hold. */
  waived?: (inputs: AmplitudeKinesisDestinationArgs) => string | undefined;
}

const statements = ({ trust, write }: Scanned): Statement[] => [...trust.Statement, ...write.Statement];
const granted = ({ write }: Scanned) => write.Statement.flatMap(({ Action }) => listed(Action));
const grantsNoneOf = (pattern: RegExp) => (scanned: Scanned) =>
  granted(scanned).every((action) => !pattern.test(action));
const hasNoneOfType = (pattern: RegExp) => (scanned: Scanned) =>
  scanned.resources.every(({ type }) => !pattern.test(type));
const hasNoWildcard = (element: string) => (scanned: Scanned) =>
  statements(scanned).every((statement) => listed(statement[element]).every((value) => !/[*?]/.test(value)));
const hasNo = (element: string) => (scanned: Scanned) =>
  statements(scanned).every((statement) => !(element in statement));
const principalsOf = ({ trust }: Scanned) =>
  trust.Statement.flatMap(({ Principal }) => Object.values({ ...(Principal as object) }).flatMap(listed));
const isTagged = (inputs: Record<string, unknown>) => Object.keys({ ...(inputs.tags as object) }).length > 0;
const isEncrypted = ({ stream }: Scanned) => stream.encryptionType === "KMS" && Boolean(stream.kmsKeyId);

export const streamRules: ScannerRule[] = [
  {
    ids: [
      "CKV_AWS_43",
      "CKV_AWS_185",
      "AVD-AWS-0064",
      "cfn-nag W49",
      "AwsSolutions-KDS1",
      "Security Hub Kinesis.1",
      "kinesis-stream-encrypted",
    ],
    asks: "the stream is encrypted, and names its key",
    holds: isEncrypted,
  },
  {
    ids: ["AwsSolutions-KDS3"],
    asks: "the stream's key is the AWS-managed one",
    holds: ({ stream }) => stream.kmsKeyId === "alias/aws/kinesis",
    waived: ({ kmsKeyArn }) => kmsKeyArn && "a customer's own key is the customer's explicit choice",
  },
  {
    ids: ["Security Hub Kinesis.2"],
    asks: "the stream is tagged",
    holds: ({ stream }) => isTagged(stream),
  },
  {
    ids: ["Security Hub Kinesis.3", "kinesis-stream-backup-retention-check"],
    asks: "the stream keeps its records for 168 hours",
    holds: ({ stream }) => Number(stream.retentionPeriod) >= 168,
    waived: ({ retentionHours }) =>
      Number(retentionHours ?? 168) < 168 ? "a shorter retention is the user's explicit choice" : undefined,
  },
  {
    ids: ["CKV_AWS_7", "AVD-AWS-0065", "AwsSolutions-KMS5", "Security Hub KMS.4"],
    asks: "every created key is rotated (none is created)",
    holds: hasNoneOfType(/^aws:kms/),
  },
  {
    ids: ["cfn-nag W28"],
    asks: "no stream, role or policy has an explicit name",
    holds: ({ stream, role, policy }) => [stream, role, policy].every(({ name }) => name === undefined),
    waived: ({ streamName, roleName }) =>
      streamName || roleName ? "the name is the user's explicit choice" : undefined,
  },
];

const byContract = () => "the vendor's contract: Amplitude's account assumes the role";

export const trustRules: ScannerRule[] = [
  {
    ids: ["CKV_AWS_60", "cfn-nag F2"],
    asks: "no wildcard is trusted, with any action",
    holds: (scanned) =>
      principalsOf(scanned).length > 0 && principalsOf(scanned).every((principal) => !/[*?]/.test(principal)),
  },
  {
    ids: ["CKV_AWS_61"],
    asks: "no whole account is trusted",
    holds: (scanned) => principalsOf(scanned).every((principal) => /:(role|user)\//.test(principal)),
    waived: byContract,
  },
  {
    ids: ["Cloudsplaining AssumableByCrossAccountPrincipal"],
    asks: "no principal of another account is trusted",
    holds: (scanned) => principalsOf(scanned).every((principal) => principal.includes(":111122223333:")),
    waived: byContract,
  },
  {
    ids: ["Security Hub IAM.24"],
    asks: "the role is tagged",
    holds: ({ role, policy }) => isTagged(role) && isTagged(policy),
  },
  {
    ids: ["cfn-nag W14"],
    asks: "the trust policy has no NotAction and no NotPrincipal",
    holds: (scanned) => hasNo("NotAction")(scanned) && hasNo("NotPrincipal")(scanned),
  },
];

export const writeRules: ScannerRule[] = [
  {
    ids: [
      ...["CKV_AWS_62", "CKV_AWS_63", "cfn-nag F3", "cfn-nag F4", "cfn-nag F5", "AVD-AWS-0057"],
      ...["AwsSolutions-IAM5", "Security Hub IAM.1", "Security Hub IAM.21", "Cloudsplaining ServiceWildcard"],
      ...["iam-policy-no-statements-with-admin-access", "iam-policy-no-statements-with-full-access"],
    ],
    asks: "no action has a wildcard",
    holds: hasNoWildcard("Action"),
  },
  {
    ids: [
      ...["CKV_AWS_355", "CKV_AWS_290", "cfn-nag W11", "cfn-nag W12", "cfn-nag W13"],
      ...["cfn-nag F38", "cfn-nag F39", "cfn-nag F40", "Cloudsplaining InfrastructureModification"],
    ],
    asks: "no resource has a wildcard",
    holds: hasNoWildcard("Resource"),
  },
  {
    ids: ["cfn-nag W15", "cfn-nag W16", "cfn-nag W17"],
    asks: "no statement allows by NotAction",
    holds: hasNo("NotAction"),
  },
  {
    ids: ["cfn-nag W21", "cfn-nag W22", "cfn-nag W23"],
    asks: "no statement allows by NotResource",
    holds: hasNo("NotResource"),
  },
  {
    ids: ["CKV_AWS_274", "CKV_AWS_275", "cfn-nag W43", "cfn-nag W44", "AwsSolutions-IAM4"],
    asks: "the role has no AWS-managed policy, such as AdministratorAccess",
    holds: ({ resources, role }) =>
      role.managedPolicyArns === undefined &&
      resources.every(({ inputs }) => !String(inputs.policyArn ?? "").startsWith("arn:aws:iam::aws:")),
  },
  {
    ids: ["iam-no-inline-policy-check"],
    asks: "the role has no inline policy",
    holds: (scanned) =>
      scanned.role.inlinePolicies === undefined && hasNoneOfType(/^aws:iam\/rolePolicy:/)(scanned),
  },
  {
    ids: [
      "CKV_AWS_286",
      "CKV_AWS_289",
      "AVD-AWS-0342",
      "Cloudsplaining PrivilegeEscalation and ResourceExposure",
    ],
    asks: "IAM can be queried, but neither changed nor passed on",
    holds: grantsNoneOf(/^(iam:(?!Simulate)|sts:|kms:(PutKeyPolicy|CreateGrant)|kinesis:.*ResourcePolicy)/i),
  },
  {
    ids: ["CKV_AWS_287", "Cloudsplaining CredentialsExposure"],
    asks: "no credentials can be created or read",
    holds: grantsNoneOf(/^(iam:Create|sts:Get|sts:Assume)/i),
  },
  {
    ids: ["CKV_AWS_288", "Cloudsplaining DataExfiltration"],
    asks: "nothing can be read or decrypted",
    holds: grantsNoneOf(/^(kinesis:(Get|Subscribe)|kms:(Decrypt|ReEncrypt)|s3:|ssm:|secretsmanager:)/i),
  },
  {
    ids: ["Parliament RESOURCE_MISMATCH and UNKNOWN_ACTION"],
    asks: "every action exists and works on every resource of its statement",
    holds: ({ write, actions }) =>
      write.Statement.every(({ Action, Resource }) =>
        listed(Action).every((action) =>
          listed(Resource).every((resource) => accepts(actions, action, resource)),
        ),
      ),
  },
];

function accepts(actions: KnownAction[], action: string, resource: string): boolean {
  const known = actions.find(({ service, name }) => `${service}:${name}` === action);
  const patterns = Object.values(known?.arnPatterns ?? {});
  return patterns.some((pattern) => new RegExp(`^${pattern.replaceAll(/\$\{\w+\}/g, ".+")}$`).test(resource));
}
