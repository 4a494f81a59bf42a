import { KEY, VARIANTS } from "./contractTable";
import {
  adding,
  encryption,
  type Mutation,
  mutationsOf,
  removing,
  simulation,
  streamWrite,
} from "./mutation";

const { streamArn: STREAM, roleArn: ROLE } = VARIANTS.default;
const PUT = ["kinesis:PutRecord", "kinesis:PutRecords"];
const ALLOW = { Effect: "Allow" };

const actions = mutationsOf("default", [
  ["allow kinesis:*", streamWrite({ Action: "kinesis:*" })],
  ["allow kinesis:Put*", streamWrite({ Action: "kinesis:Put*" })],
  ["allow everything", streamWrite({ Action: "*" })],
  ["allow only kinesis:PutRecord", streamWrite({ Action: "kinesis:PutRecord" })],
  ["allow only kinesis:PutRecords", streamWrite({ Action: "kinesis:PutRecords" })],
  ["allow describing the stream", streamWrite({ Action: [...PUT, "kinesis:DescribeStream"] })],
  [
    "allow reading the records",
    streamWrite({ Action: [...PUT, "kinesis:GetShardIterator", "kinesis:GetRecords"] }),
  ],
  [
    "allow encrypting the stream with another key",
    streamWrite({ Action: [...PUT, "kinesis:StartStreamEncryption"] }),
  ],
  [
    "allow all but deleting, by NotAction",
    streamWrite({ Action: undefined, NotAction: "kinesis:DeleteStream" }),
  ],
  ["misspell an action", streamWrite({ Action: ["kinesis:PutRecord", "kinesis:PutRecordBatch"] })],
  [
    "misspell an action next to the correct ones",
    streamWrite({ Action: [...PUT, "kinesis:PutRecordBatch"] }),
  ],
  ["put two actions into one string", streamWrite({ Action: PUT.join(", ") })],
  ["allow Firehose's actions", streamWrite({ Action: ["firehose:PutRecord", "firehose:PutRecords"] })],
  ["omit the actions", streamWrite({ Action: undefined })],
  ["deny writing", streamWrite({ Effect: "Deny" })],
  ["write the effect in lower case", streamWrite({ Effect: "allow" })],
  ["omit the write statement", removing("write", 0)],
  ["omit the simulation", removing("write", 1)],
  ["allow every simulation", simulation({ Action: "iam:Simulate*" })],
  [
    "allow iam:SimulateCustomPolicy instead of the principal's",
    simulation({ Action: "iam:SimulateCustomPolicy" }),
  ],
  ["allow reading the role", simulation({ Action: ["iam:SimulatePrincipalPolicy", "iam:GetRole"] })],
  ["allow passing the role", simulation({ Action: ["iam:SimulatePrincipalPolicy", "iam:PassRole"] })],
  [
    "allow changing the role's policies",
    simulation({ Action: ["iam:SimulatePrincipalPolicy", "iam:PutRolePolicy"] }),
  ],
  ["allow iam:*", simulation({ Action: "iam:*" })],
]);

const resources = mutationsOf("default", [
  ["write to any resource", streamWrite({ Resource: "*" })],
  ["write to every stream", streamWrite({ Resource: "arn:aws:kinesis:us-east-1:111122223333:stream/*" })],
  ["write to streams with the same prefix", streamWrite({ Resource: `${STREAM}*` })],
  ["write to streams with the same suffix", streamWrite({ Resource: STREAM.replace("stream/", "stream/*") })],
  ["write to streams whose name differs in one letter", streamWrite({ Resource: `${STREAM.slice(0, -1)}?` })],
  ["write to the stream in every region", streamWrite({ Resource: STREAM.replace("us-east-1", "*") })],
  ["write to the stream in every account", streamWrite({ Resource: STREAM.replace("111122223333", "*") })],
  ["write to another stream", streamWrite({ Resource: `${STREAM}-2` })],
  ["also write to another stream", streamWrite({ Resource: [STREAM, `${STREAM}-2`] })],
  ["write in another region", streamWrite({ Resource: STREAM.replace("us-east-1", "eu-central-1") })],
  ["write in another account", streamWrite({ Resource: STREAM.replace("111122223333", "444455556666") })],
  ["write in another partition", streamWrite({ Resource: STREAM.replace("arn:aws:", "arn:aws-us-gov:") })],
  ["write to the stream's consumers", streamWrite({ Resource: `${STREAM}/consumer/*` })],
  ["name the stream without its ARN", streamWrite({ Resource: "acme-stream-0a1b2c3" })],
  ["omit stream/ in the ARN", streamWrite({ Resource: STREAM.replace("stream/", "") })],
  [
    "write to all but one stream, by NotResource",
    streamWrite({ Resource: undefined, NotResource: `${STREAM}-2` }),
  ],
  ["put two resources into one string", streamWrite({ Resource: `${STREAM},${ROLE}` })],
  ["omit the resource", streamWrite({ Resource: undefined })],
  ["simulate any role", simulation({ Resource: "arn:aws:iam::111122223333:role/*" })],
  ["simulate any principal", simulation({ Resource: "*" })],
  ["simulate a user with the role's name", simulation({ Resource: ROLE.replace("role/", "user/") })],
  ["simulate another role", simulation({ Resource: `${ROLE}-2` })],
  [
    "simulate the role in another account",
    simulation({ Resource: ROLE.replace("111122223333", "358203115967") }),
  ],
  [
    "swap the two resources",
    (documents) => {
      streamWrite({ Resource: ROLE })(documents);
      simulation({ Resource: STREAM })(documents);
    },
  ],
]);

const statements = mutationsOf("default", [
  ["write only over plain HTTP", streamWrite({ Condition: { Bool: { "aws:SecureTransport": "false" } } })],
  [
    "write only from a VPC endpoint",
    streamWrite({ Condition: { StringEquals: { "aws:SourceVpce": "vpce-1a2b3c4d" } } }),
  ],
  [
    "write only from private addresses",
    streamWrite({ Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } }),
  ],
  [
    "name a principal in the write policy",
    streamWrite({ Principal: { AWS: "arn:aws:iam::358203115967:root" } }),
  ],
  ["omit the version", ({ write }) => delete write.Version],
  ["have the old version", ({ write }) => Object.assign(write, { Version: "2008-10-17" })],
  [
    "read the stream in a further statement",
    adding("write", { ...ALLOW, Action: "kinesis:GetRecords", Resource: STREAM }),
  ],
  [
    "list all streams in a further statement",
    adding("write", { ...ALLOW, Action: "kinesis:ListStreams", Resource: "*" }),
  ],
  [
    "assume another role in a further statement",
    adding("write", { ...ALLOW, Action: "sts:AssumeRole", Resource: `${ROLE}-2` }),
  ],
  [
    "create access keys in a further statement",
    adding("write", {
      ...ALLOW,
      Action: "iam:CreateAccessKey",
      Resource: "arn:aws:iam::111122223333:user/other",
    }),
  ],
  [
    "read a bucket in a further statement",
    adding("write", { ...ALLOW, Action: "s3:GetObject", Resource: "arn:aws:s3:::events/object" }),
  ],
  [
    "use a key that is not configured in a further statement",
    adding("write", { ...ALLOW, Action: "kms:GenerateDataKey", Resource: KEY }),
  ],
  [
    "deny writing in a further statement",
    adding("write", { Effect: "Deny", Action: "kinesis:PutRecords", Resource: STREAM }),
  ],
  [
    "deny deleting in a further statement",
    adding("write", { Effect: "Deny", Action: "kinesis:DeleteStream", Resource: STREAM }),
  ],
]);

const VIA = { "kms:ViaService": "kinesis.us-east-1.amazonaws.com" };
const CONTEXT = { "kms:EncryptionContext:aws:kinesis:arn": STREAM };
const equal = (keys: Record<string, string>) => encryption({ Condition: { StringEquals: keys } });

const key = mutationsOf("kmsKeyArn", [
  ["use the key without conditions", encryption({ Condition: undefined })],
  ["use the key through any service", equal(CONTEXT)],
  ["use the key for any stream", equal(VIA)],
  [
    "use the key under IfExists conditions",
    encryption({ Condition: { StringEqualsIfExists: { ...VIA, ...CONTEXT } } }),
  ],
  [
    "use the key under ForAllValues conditions",
    encryption({ Condition: { "ForAllValues:StringEquals": { ...VIA, ...CONTEXT } } }),
  ],
  [
    "use the key through Kinesis in any region",
    encryption({
      Condition: { StringLike: { "kms:ViaService": "kinesis.*.amazonaws.com" }, StringEquals: CONTEXT },
    }),
  ],
  [
    "use the key for streams with the same prefix",
    encryption({
      Condition: { StringEquals: VIA, StringLike: { "kms:EncryptionContext:aws:kinesis:arn": `${STREAM}*` } },
    }),
  ],
  [
    "use the key through Kinesis in another region",
    equal({ ...CONTEXT, "kms:ViaService": "kinesis.eu-central-1.amazonaws.com" }),
  ],
  [
    "use the key through Kinesis without a region",
    equal({ ...CONTEXT, "kms:ViaService": "kinesis.amazonaws.com" }),
  ],
  [
    "use the key for another stream",
    equal({ ...VIA, "kms:EncryptionContext:aws:kinesis:arn": `${STREAM}-2` }),
  ],
  [
    "use the key for the stream's name instead of its ARN",
    equal({ ...VIA, "kms:EncryptionContext:aws:kinesis:arn": "acme-stream-0a1b2c3" }),
  ],
  ["misspell the encryption context", equal({ ...VIA, "kms:EncryptionContext:aws:kinesis:stream": STREAM })],
  ["omit kms: in the encryption context", equal({ ...VIA, "aws:kinesis:arn": STREAM })],
  ["use every key", encryption({ Resource: "arn:aws:kms:us-east-1:111122223333:key/*" })],
  ["use another key", encryption({ Resource: `${KEY}-2` })],
  ["use the key in another account", encryption({ Resource: KEY.replace("111122223333", "444455556666") })],
  ["name the key by an alias", encryption({ Resource: "arn:aws:kms:us-east-1:111122223333:alias/events" })],
  ["allow kms:*", encryption({ Action: "kms:*" })],
  ["allow decrypting", encryption({ Action: ["kms:GenerateDataKey", "kms:Decrypt"] })],
  ["allow data keys of every kind", encryption({ Action: "kms:GenerateDataKey*" })],
  ["allow kms:Encrypt in place of kms:GenerateDataKey", encryption({ Action: "kms:Encrypt" })],
  ["omit the key", removing("write", 2)],
  [
    "use the key without conditions in a further statement",
    adding("write", { ...ALLOW, Action: "kms:GenerateDataKey", Resource: KEY }),
  ],
]);

export const writeMutations: Mutation[] = [...actions, ...resources, ...statements, ...key];
