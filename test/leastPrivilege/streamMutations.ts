import { VARIANTS } from "./contractTable";
import { adding, type Mutation, mutationsOf, removing, tlsDenial } from "./mutation";

const { streamArn: STREAM } = VARIANTS.requireTls;
const PUT = ["kinesis:PutRecord", "kinesis:PutRecords"];
const tls = (operator: string, value: string) => ({
  Condition: { [operator]: { "aws:SecureTransport": value } },
});

export const streamMutations: Mutation[] = mutationsOf("requireTls", [
  ["allow requests without TLS", tlsDenial({ Effect: "Allow" })],
  ["deny requests with TLS", tlsDenial(tls("Bool", "true"))],
  ["deny requests with and without TLS", tlsDenial({ Condition: undefined })],
  ["deny nothing", removing("streamPolicy", 0)],
  ["deny only writing", tlsDenial({ Action: PUT })],
  ["deny only PutRecord", tlsDenial({ Action: "kinesis:PutRecord" })],
  ["deny only reading", tlsDenial({ Action: ["kinesis:GetRecords", "kinesis:GetShardIterator"] })],
  ["deny by a wildcard, which Kinesis rejects", tlsDenial({ Action: "kinesis:*" })],
  ["deny all but writing, by NotAction", tlsDenial({ Action: undefined, NotAction: PUT })],
  ["deny only Amplitude", tlsDenial({ Principal: { AWS: "arn:aws:iam::358203115967:root" } })],
  [
    "deny all but Amplitude, by NotPrincipal",
    tlsDenial({ Principal: undefined, NotPrincipal: { AWS: "arn:aws:iam::358203115967:root" } }),
  ],
  ["deny only services", tlsDenial({ Principal: { Service: "kinesis.amazonaws.com" } })],
  ["deny on another stream", tlsDenial({ Resource: `${STREAM}-2` })],
  ["deny only on the stream's consumers", tlsDenial({ Resource: `${STREAM}/consumer/*` })],
  ["deny only requests without aws:SecureTransport", tlsDenial(tls("Null", "true"))],
  ["misspell the condition key", tlsDenial({ Condition: { Bool: { "aws:SecureTransports": "false" } } })],
  ["misspell the operator", tlsDenial(tls("Boolean", "false"))],
  ["misspell an action", tlsDenial({ Action: [...PUT, "kinesis:GetRecord"] })],
  [
    "let everyone write by a second statement",
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
