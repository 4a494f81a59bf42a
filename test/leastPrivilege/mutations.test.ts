import { expect } from "chai";
import { readDocument } from "../docs/documents";
import { VARIANTS } from "./contractTable";
import { documentsOf, vendorDocuments } from "./documents";
import {
  adding,
  amplitudeTrust,
  changed,
  encryption,
  mutationsOf,
  removing,
  simulation,
  streamWrite,
  tlsDenial,
} from "./mutation";
import { problemsOf } from "./problems";
import { streamMutations } from "./streamMutations";
import { trustMutations } from "./trustMutations";
import { writeMutations } from "./writeMutations";

const mutations = [...trustMutations, ...writeMutations, ...streamMutations];

describe("documents with a mistake", () => {
  const caughtBy = new Map<string, string[]>();

  for (const mutation of mutations) {
    it(`are caught when they ${mutation.mistake} (${mutation.variant})`, async () => {
      const variant = VARIANTS[mutation.variant];
      const right = await documentsOf(variant);
      const wrong = changed(right, mutation);
      expect(wrong, "the mutation changes nothing").to.not.deep.equal(right);
      const problems = await problemsOf(wrong, variant, 1);
      expect(problems).to.not.deep.equal([]);
      caughtBy.set(`${mutation.mistake} (${mutation.variant})`, problems);
    });
  }

  it("each have a unique description, and are as many as docs/proven.md says", () => {
    const names = mutations.map(({ mistake, variant }) => `${mistake} (${variant})`);
    expect(new Set(names).size).to.equal(names.length);
    expect(readDocument("docs/proven.md")).to.include(`each of ${names.length} wrong versions`);
  });

  after(() => {
    const byDecision = [...caughtBy.values()].filter((problems) =>
      problems.some((problem) => /^decision:(?!.*undecided)/.test(problem)),
    );
    console.log(
      `      ${caughtBy.size} of ${mutations.length} mistakes caught, ${byDecision.length} of them by a decision, the others by their form`,
    );
  });
});

const { streamArn, roleArn } = VARIANTS.default;
const harmless = [
  ...mutationsOf("default", [
    ["have no statement id", streamWrite({ Sid: undefined })],
    ["name Amplitude's account by its id", amplitudeTrust({ Principal: { AWS: "358203115967" } })],
    ["list the only trust action", amplitudeTrust({ Action: ["sts:AssumeRole"] })],
    ["list the only resource", simulation({ Resource: [roleArn] })],
    ["have their statements in another order", ({ write }) => write.Statement.reverse()],
    [
      "have one statement per action",
      (documents) => {
        streamWrite({ Action: "kinesis:PutRecord" })(documents);
        adding("write", { Effect: "Allow", Action: "kinesis:PutRecords", Resource: streamArn })(documents);
      },
    ],
    [
      "are the vendor's",
      (documents) => {
        removing("write", 0)(documents);
        documents.write = vendorDocuments(VARIANTS.default).write;
      },
    ],
  ]),
  ...mutationsOf("externalId", [
    [
      "list the only external id",
      amplitudeTrust({ Condition: { StringEquals: { "sts:ExternalId": ["acme-1"] } } }),
    ],
  ]),
  ...mutationsOf("amplitudePrincipalArnPatterns", [
    [
      "compare the principal as text",
      amplitudeTrust({
        Condition: { StringLike: { "aws:PrincipalArn": "arn:aws:iam::358203115967:role/export*" } },
      }),
    ],
    [
      "write the condition key in lower case",
      amplitudeTrust({
        Condition: { ArnEquals: { "aws:principalarn": "arn:aws:iam::358203115967:role/export*" } },
      }),
    ],
  ]),
  ...mutationsOf("requireTls", [
    ["name everyone by a star", tlsDenial({ Principal: "*" })],
    ["deny IfExists", tlsDenial({ Condition: { BoolIfExists: { "aws:SecureTransport": "false" } } })],
  ]),
  ...mutationsOf("kmsKeyArn", [
    [
      "compare the stream as an ARN",
      encryption({
        Condition: {
          StringEquals: { "kms:ViaService": "kinesis.us-east-1.amazonaws.com" },
          ArnEquals: { "kms:EncryptionContext:aws:kinesis:arn": streamArn },
        },
      }),
    ],
  ]),
];

describe("equivalent documents in other words", () => {
  for (const rewording of harmless) {
    it(`are accepted when they ${rewording.mistake}`, async () => {
      const variant = VARIANTS[rewording.variant];
      const right = await documentsOf(variant);
      const reworded = changed(right, rewording);
      expect(reworded, "the rewording changes nothing").to.not.deep.equal(right);
      expect(await problemsOf(reworded, variant)).to.deep.equal([]);
    });
  }
});
