import { VARIANTS } from "./contractTable";
import { adding, type Mutation, mutationsOf, removing, tlsDenial } from "./mutation";

const { streamArn: STREAM } = VARIANTS.requireTls;
const PUT = ["kinesis:PutRecord", "kinesis:PutRecords"];
const tls = (operator: string, value: string) => ({
  Condition: { [operator]: { "aws:SecureTransport": value } },
});

export const streamMutations: Mutation[] = mutationsOf("requireTls", [
  ["allow what comes without TLS", tlsDenial({ Effect: "Allow" })],
  ["deny what comes over TLS", tlsDenial(tls("Bool", "true"))],
  ["deny what comes in whatever way", tlsDenial({ Condition: undefined })],
  ["deny nothing", removing("streamPolicy", 0)],
  ["deny writing alone", tlsDenial({ Action: PUT })],
  ["deny one way of writing alone", tlsDenial({ Action: "kinesis:PutRecord" })],
  ["deny reading alone", tlsDenial({ Action: ["kinesis:GetRecords", "kinesis:GetShardIterator"] })],
  ["deny by a wildcard, which Kinesis refuses", tlsDenial({ Action: "kinesis:*" })],
  ["deny all but writing, by NotAction", tlsDenial({ Action: undefined, NotAction: PUT })],
  ["deny Amplitude alone", tlsDenial({ Principal: { AWS: "arn:aws:iam::358203115967:root" } })],
  [
    "deny all but Amplitude, by NotPrincipal",
    tlsDenial({ Principal: undefined, NotPrincipal: { AWS: "arn:aws:iam::358203115967:root" } }),
  ],
  ["deny services alone", tlsDenial({ Principal: { Service: "kinesis.amazonaws.com" } })],
  ["deny on another stream", tlsDenial({ Resource: `${STREAM}-2` })],
  ["deny on the stream's consumers alone", tlsDenial({ Resource: `${STREAM}/consumer/*` })],
  ["deny where nothing is known of TLS", tlsDenial(tls("Null", "true"))],
  ["misspell the condition key", tlsDenial({ Condition: { Bool: { "aws:SecureTransports": "false" } } })],
  ["misspell the operator", tlsDenial(tls("Boolean", "false"))],
  ["misspell an action", tlsDenial({ Action: [...PUT, "kinesis:GetRecord"] })],
  [
    "let everybody write in a second statement",
    adding("streamPolicy", { Effect: "Allow", Principal: { AWS: "*" }, Action: PUT, Resource: STREAM }),
  ],
  [
    "let Amplitude's account write without the role",
    adding("streamPolicy", {
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::358203115967:root" },
      Action: PUT,
      Resource: STREAM,
    }),
  ],
]);
