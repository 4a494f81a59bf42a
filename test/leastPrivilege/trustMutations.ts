import { EXTERNAL_ID } from "./contractTable";
import { adding, amplitudeTrust, type Mutation, mutationsOf, removing, testTrust } from "./mutation";

const AMPLITUDE = "arn:aws:iam::358203115967:root";
const OTHER = "arn:aws:iam::444455556666:root";
const CUSTOMER = "arn:aws:iam::111122223333:root";
const ASSUME = { Effect: "Allow", Action: "sts:AssumeRole" };
const id = (operator: string, value: unknown = EXTERNAL_ID) => ({
  Condition: { [operator]: { "sts:ExternalId": value } },
});

const EXPORTERS = "arn:aws:iam::358203115967:role/export*";
const like = (operator: string, value: unknown) => ({
  Condition: { [operator]: { "aws:PrincipalArn": value } },
});

const whoIsTrusted = mutationsOf("default", [
  ["trust everyone", amplitudeTrust({ Principal: "*" })],
  ["trust every AWS principal", amplitudeTrust({ Principal: { AWS: "*" } })],
  ["trust another account", amplitudeTrust({ Principal: { AWS: OTHER } })],
  [
    "trust Amplitude's account with two digits swapped",
    amplitudeTrust({ Principal: { AWS: "arn:aws:iam::358203151967:root" } }),
  ],
  ["trust the customer's own account", amplitudeTrust({ Principal: { AWS: CUSTOMER } })],
  ["trust another account next to Amplitude's", amplitudeTrust({ Principal: { AWS: [AMPLITUDE, OTHER] } })],
  [
    "trust only one role of Amplitude",
    amplitudeTrust({ Principal: { AWS: "arn:aws:iam::358203115967:role/exporter" } }),
  ],
  [
    "also trust an AWS service",
    amplitudeTrust({ Principal: { AWS: AMPLITUDE, Service: "ec2.amazonaws.com" } }),
  ],
  ["trust Kinesis", amplitudeTrust({ Principal: { Service: "kinesis.amazonaws.com" } })],
  [
    "also trust an identity provider",
    amplitudeTrust({ Principal: { AWS: AMPLITUDE, Federated: "accounts.google.com" } }),
  ],
  [
    "trust all but another account, by NotPrincipal",
    amplitudeTrust({ Principal: undefined, NotPrincipal: { AWS: OTHER } }),
  ],
  [
    "name the principal in the China partition",
    amplitudeTrust({ Principal: { AWS: "arn:aws-cn:iam::358203115967:root" } }),
  ],
  ["put two principals into one string", amplitudeTrust({ Principal: { AWS: `${AMPLITUDE},${CUSTOMER}` } })],
  ["omit the principal", amplitudeTrust({ Principal: undefined })],
  [
    "trust the customer's account by a second statement",
    adding("trust", { ...ASSUME, Principal: { AWS: CUSTOMER } }),
  ],
  [
    "trust everyone in an organization by a second statement",
    adding("trust", {
      ...ASSUME,
      Principal: "*",
      Condition: { StringLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/exporter" } },
    }),
  ],
  ["have no statement", removing("trust", 0)],
]);

const whatIsTrusted = mutationsOf("default", [
  ["allow sts:*", amplitudeTrust({ Action: "sts:*" })],
  ["allow every action", amplitudeTrust({ Action: "*" })],
  ["allow tagging the session", amplitudeTrust({ Action: ["sts:AssumeRole", "sts:TagSession"] })],
  [
    "allow setting the source identity",
    amplitudeTrust({ Action: ["sts:AssumeRole", "sts:SetSourceIdentity"] }),
  ],
  [
    "allow sts:AssumeRoleWithSAML instead of sts:AssumeRole",
    amplitudeTrust({ Action: "sts:AssumeRoleWithSAML" }),
  ],
  [
    "also allow sts:AssumeRoleWithWebIdentity",
    amplitudeTrust({ Action: ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"] }),
  ],
  [
    "allow all but one action, by NotAction",
    amplitudeTrust({ Action: undefined, NotAction: "sts:TagSession" }),
  ],
  ["misspell the action", amplitudeTrust({ Action: "sts:AssumesRole" })],
  ["omit the action's service", amplitudeTrust({ Action: "AssumeRole" })],
  ["deny instead of allowing", amplitudeTrust({ Effect: "Deny" })],
  [
    "deny in a second statement",
    adding("trust", { ...ASSUME, Effect: "Deny", Principal: { AWS: AMPLITUDE } }),
  ],
  [
    "name the role as a resource",
    amplitudeTrust({ Resource: "arn:aws:iam::111122223333:role/acme-role-0a1b2c3" }),
  ],
  [
    "require multi-factor authentication",
    amplitudeTrust({ Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } }),
  ],
  [
    "require aws:SourceAccount",
    amplitudeTrust({ Condition: { StringEquals: { "aws:SourceAccount": "358203115967" } } }),
  ],
  [
    "require an organization",
    amplitudeTrust({ Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1234567890" } } }),
  ],
  ["require an external id that is not configured", amplitudeTrust(id("StringEquals"))],
]);

const externalId = mutationsOf("externalId", [
  ["drop the external id", amplitudeTrust({ Condition: undefined })],
  ["leave the condition empty", amplitudeTrust({ Condition: {} })],
  ["require the external id only IfExists", amplitudeTrust(id("StringEqualsIfExists"))],
  ["compare the external id with a pattern", amplitudeTrust(id("StringLike", `${EXTERNAL_ID}*`))],
  ["accept any external id", amplitudeTrust(id("StringLike", "*"))],
  ["require any other external id", amplitudeTrust(id("StringNotEquals"))],
  ["compare the external id ignoring case", amplitudeTrust(id("StringEqualsIgnoreCase"))],
  ["misspell the operator", amplitudeTrust(id("StringEqual"))],
  ["compare the external id as a number", amplitudeTrust(id("NumericEquals"))],
  ["compare the external id ForAllValues", amplitudeTrust(id("ForAllValues:StringEquals"))],
  ["require any external id", amplitudeTrust(id("Null", "false"))],
  ["accept a second external id", amplitudeTrust(id("StringEquals", [EXTERNAL_ID, "globex"]))],
  ["require another external id", amplitudeTrust(id("StringEquals", "globex"))],
  [
    "misspell the condition key",
    amplitudeTrust({ Condition: { StringEquals: { "sts:ExternalID1": EXTERNAL_ID } } }),
  ],
  ["put the key in the operator's place", amplitudeTrust({ Condition: { "sts:ExternalId": EXTERNAL_ID } })],
  [
    "trust without the external id by a second statement",
    adding("trust", { ...ASSUME, Principal: { AWS: AMPLITUDE } }),
  ],
]);

const principals = [
  ...mutationsOf("testPrincipalArns", [
    ["trust the testers' whole account", testTrust({ Principal: { AWS: CUSTOMER } })],
    [
      "trust the testers by a wildcard",
      testTrust({ Principal: { AWS: "arn:aws:iam::111122223333:user/*" } }),
    ],
    ["omit one tester", testTrust({ Principal: { AWS: "arn:aws:iam::111122223333:user/tester" } })],
    ["omit the testers", removing("trust", 1)],
    ["omit Amplitude", removing("trust", 0)],
    ["give two statements the same id", testTrust({ Sid: "AmplitudeAssumesRole" })],
  ]),
  ...mutationsOf("amplitudePrincipalArns", [
    [
      "trust Amplitude's account although a role is configured",
      amplitudeTrust({ Principal: { AWS: AMPLITUDE } }),
    ],
    [
      "trust a role of the same name in another account",
      amplitudeTrust({ Principal: { AWS: "arn:aws:iam::444455556666:role/exporter" } }),
    ],
    [
      "trust Amplitude's roles by a pattern",
      amplitudeTrust({
        Principal: { AWS: AMPLITUDE },
        Condition: { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/exporter*" } },
      }),
    ],
  ]),
  ...mutationsOf("amplitudePrincipalArnPatterns", [
    ["drop the pattern", amplitudeTrust({ Condition: undefined })],
    ["trust principals that don't match the pattern", amplitudeTrust(like("ArnNotLike", EXPORTERS))],
    ["trust every principal of the account", amplitudeTrust(like("ArnLike", "arn:aws:iam::358203115967:*"))],
    ["also trust users with a matching name", amplitudeTrust(like("StringLike", "*358203115967:*"))],
    ["trust only roles with longer names", amplitudeTrust(like("ArnLike", `${EXPORTERS}-*`))],
    ["compare the pattern literally", amplitudeTrust(like("StringEquals", EXPORTERS))],
    ["capitalize the pattern", amplitudeTrust(like("ArnLike", EXPORTERS.replace("export", "Export")))],
    [
      "name a pattern of another account",
      amplitudeTrust(like("ArnLike", EXPORTERS.replace("358203115967", "444455556666"))),
    ],
    [
      "name the session instead of its role",
      amplitudeTrust(like("ArnLike", "arn:aws:sts::358203115967:assumed-role/export*")),
    ],
    [
      "compare the pattern with aws:SourceArn",
      amplitudeTrust({ Condition: { ArnLike: { "aws:SourceArn": EXPORTERS } } }),
    ],
    [
      "misspell the condition key",
      amplitudeTrust({ Condition: { ArnLike: { "aws:PrincipalARNs": EXPORTERS } } }),
    ],
    ["misspell the operator", amplitudeTrust(like("ArnLikes", EXPORTERS))],
    [
      "trust everyone with a matching name",
      amplitudeTrust({ Principal: { AWS: "*" }, ...like("StringLike", "*:role/export*") }),
    ],
    [
      "add a pattern for users",
      amplitudeTrust(like("ArnLike", [EXPORTERS, "arn:aws:iam::358203115967:user/*"])),
    ],
    [
      "trust the account by a second statement",
      adding("trust", { ...ASSUME, Principal: { AWS: AMPLITUDE } }),
    ],
  ]),
  ...mutationsOf("amplitudeAccountId", [
    [
      "trust the default account although another is configured",
      amplitudeTrust({ Principal: { AWS: AMPLITUDE } }),
    ],
  ]),
  ...mutationsOf("everything", [
    ["trust the testers without the external id", testTrust({ Condition: undefined })],
    ["trust Amplitude without the external id", amplitudeTrust({ Condition: undefined })],
  ]),
];

export const trustMutations: Mutation[] = [...whoIsTrusted, ...whatIsTrusted, ...externalId, ...principals];
