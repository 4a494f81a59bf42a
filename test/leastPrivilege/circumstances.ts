import { EXTERNAL_ID } from "./contractTable";
import { type KnownAction, knowsKey } from "./iamData";

/** The context of a request besides its caller, action and resource. */
export interface Circumstance {
  name: CircumstanceName;
  context: Record<string, string>;
}

type Circumstances = [Circumstance, ...Circumstance[]];

export type CircumstanceName =
  | "plainly"
  | "without TLS"
  | "without an external id"
  | "with the right external id"
  | "with the external id in capitals"
  | "with a longer external id"
  | "with another external id"
  | "directly"
  | "through Kinesis"
  | "through Kinesis for this stream"
  | "through Kinesis for another stream"
  | "through Kinesis for no stream"
  | "through Kinesis of another region"
  | "through S3 for this stream"
  | "for this stream, but directly";

const PLAINLY: [Circumstance] = [{ name: "plainly", context: {} }];

/** Contexts that a stream's policy could test. */
export const OVER_THE_WIRE: Circumstances = [
  ...PLAINLY,
  { name: "without TLS", context: { "aws:SecureTransport": "false" } },
];

const EXTERNAL_IDS: Circumstances = [
  { name: "with the right external id", context: { "sts:ExternalId": EXTERNAL_ID } },
  { name: "without an external id", context: {} },
  { name: "with the external id in capitals", context: { "sts:ExternalId": EXTERNAL_ID.toUpperCase() } },
  { name: "with a longer external id", context: { "sts:ExternalId": `${EXTERNAL_ID}2` } },
  { name: "with another external id", context: { "sts:ExternalId": "globex" } },
];

const VIA = "kms:ViaService";
const STREAM_CONTEXT = "kms:EncryptionContext:aws:kinesis:arn";

const THROUGH_A_SERVICE: Circumstances = [
  { name: "through Kinesis", context: { [VIA]: "kinesis.us-east-1.amazonaws.com" } },
  { name: "directly", context: {} },
];

function encryptions(streamArn: string): Circumstances {
  const kinesis = { [VIA]: "kinesis.us-east-1.amazonaws.com" };
  const stream = { [STREAM_CONTEXT]: streamArn };
  return [
    { name: "through Kinesis for this stream", context: { ...kinesis, ...stream } },
    {
      name: "through Kinesis for another stream",
      context: { ...kinesis, [STREAM_CONTEXT]: `${streamArn}-2` },
    },
    { name: "through Kinesis for no stream", context: kinesis },
    {
      name: "through Kinesis of another region",
      context: { ...stream, [VIA]: "kinesis.eu-central-1.amazonaws.com" },
    },
    { name: "through S3 for this stream", context: { ...stream, [VIA]: "s3.us-east-1.amazonaws.com" } },
    { name: "for this stream, but directly", context: stream },
  ];
}

/** Returns the circumstances that the action supports and that can decide it, the most permissive first. */
export function circumstancesOf(action: KnownAction, streamArn: string): Circumstances {
  if (knowsKey(action.keys, "sts:ExternalId") && action.name === "AssumeRole") return EXTERNAL_IDS;
  if (action.service !== "kms" || !knowsKey(action.keys, VIA)) return PLAINLY;
  return knowsKey(action.keys, STREAM_CONTEXT) ? encryptions(streamArn) : THROUGH_A_SERVICE;
}
