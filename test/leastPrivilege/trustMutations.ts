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
  ["trust everybody", amplitudeTrust({ Principal: "*" })],
  ["trust every AWS principal", amplitudeTrust({ Principal: { AWS: "*" } })],
  ["trust another account", amplitudeTrust({ Principal: { AWS: OTHER } })],
  [
    "trust Amplitude's account with two digits swapped",
    amplitudeTrust({ Principal: { AWS: "arn:aws:iam::358203151967:root" } }),
  ],
  ["trust the customer's own account", amplitudeTrust({ Principal: { AWS: CUSTOMER } })],
  ["trust another account beside Amplitude's", amplitudeTrust({ Principal: { AWS: [AMPLITUDE, OTHER] } })],
  [
    "trust one role of Amplitude alone",
    amplitudeTrust({ Principal: { AWS: "arn:aws:iam::358203115967:role/exporter" } }),
  ],
  [
    "trust a service of AWS too",
    amplitudeTrust({ Principal: { AWS: AMPLITUDE, Service: "ec2.amazonaws.com" } }),
  ],
  ["trust Kinesis itself", amplitudeTrust({ Principal: { Service: "kinesis.amazonaws.com" } })],
  [
    "trust an identity provider too",
    amplitudeTrust({ Principal: { AWS: AMPLITUDE, Federated: "accounts.google.com" } }),
  ],
  [
    "trust all but another account, by NotPrincipal",
    amplitudeTrust({ Principal: undefined, NotPrincipal: { AWS: OTHER } }),
  ],
  [
    "name the principal in the partition of China",
    amplitudeTrust({ Principal: { AWS: "arn:aws-cn:iam::358203115967:root" } }),
  ],
  [
    "write two principals into one string",
    amplitudeTrust({ Principal: { AWS: `${AMPLITUDE},${CUSTOMER}` } }),
  ],
  ["leave the principal out", amplitudeTrust({ Principal: undefined })],
  [
    "trust the customer's account in a second statement",
    adding("trust", { ...ASSUME, Principal: { AWS: CUSTOMER } }),
  ],
  [
    "trust everybody of an organization in a second statement",
    adding("trust", {
      ...ASSUME,
      Principal: "*",
      Condition: { StringLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/exporter" } },
    }),
  ],
  ["leave no statement", removing("trust", 0)],
]);

const whatIsTrusted = mutationsOf("default", [
  ["allow sts:*", amplitudeTrust({ Action: "sts:*" })],
  ["allow every action", amplitudeTrust({ Action: "*" })],
  ["allow to tag the session", amplitudeTrust({ Action: ["sts:AssumeRole", "sts:TagSession"] })],
  [
    "allow to set the source identity",
    amplitudeTrust({ Action: ["sts:AssumeRole", "sts:SetSourceIdentity"] }),
  ],
  [
    "allow sts:AssumeRoleWithSAML in place of sts:AssumeRole",
    amplitudeTrust({ Action: "sts:AssumeRoleWithSAML" }),
  ],
  [
    "allow sts:AssumeRoleWithWebIdentity too",
    amplitudeTrust({ Action: ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"] }),
  ],
  [
    "allow all but one action, by NotAction",
    amplitudeTrust({ Action: undefined, NotAction: "sts:TagSession" }),
  ],
  ["misspell the action", amplitudeTrust({ Action: "sts:AssumesRole" })],
  ["forget the service of the action", amplitudeTrust({ Action: "AssumeRole" })],
  ["deny in place of allowing", amplitudeTrust({ Effect: "Deny" })],
  [
    "deny in a second statement",
    adding("trust", { ...ASSUME, Effect: "Deny", Principal: { AWS: AMPLITUDE } }),
  ],
  [
    "name the role as a resource",
    amplitudeTrust({ Resource: "arn:aws:iam::111122223333:role/acme-role-0a1b2c3" }),
  ],
  [
    "demand multi-factor authentication",
    amplitudeTrust({ Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } }),
  ],
  [
    "demand aws:SourceAccount",
    amplitudeTrust({ Condition: { StringEquals: { "aws:SourceAccount": "358203115967" } } }),
  ],
  [
    "demand an organization",
    amplitudeTrust({ Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1234567890" } } }),
  ],
  ["demand an external id unasked", amplitudeTrust(id("StringEquals"))],
]);

const externalId = mutationsOf("externalId", [
  ["drop the external id", amplitudeTrust({ Condition: undefined })],
  ["leave the condition empty", amplitudeTrust({ Condition: {} })],
  ["demand the external id IfExists", amplitudeTrust(id("StringEqualsIfExists"))],
  ["compare the external id by a pattern", amplitudeTrust(id("StringLike", `${EXTERNAL_ID}*`))],
  ["accept any external id", amplitudeTrust(id("StringLike", "*"))],
  ["compare the external id the wrong way round", amplitudeTrust(id("StringNotEquals"))],
  ["compare the external id without regard to case", amplitudeTrust(id("StringEqualsIgnoreCase"))],
  ["misspell the operator", amplitudeTrust(id("StringEqual"))],
  ["compare the external id as a number", amplitudeTrust(id("NumericEquals"))],
  ["compare the external id ForAllValues", amplitudeTrust(id("ForAllValues:StringEquals"))],
  ["demand that there is some external id", amplitudeTrust(id("Null", "false"))],
  ["accept a second external id", amplitudeTrust(id("StringEquals", [EXTERNAL_ID, "globex"]))],
  ["demand another external id", amplitudeTrust(id("StringEquals", "globex"))],
  [
    "misspell the condition key",
    amplitudeTrust({ Condition: { StringEquals: { "sts:ExternalID1": EXTERNAL_ID } } }),
  ],
  ["put the key in place of the operator", amplitudeTrust({ Condition: { "sts:ExternalId": EXTERNAL_ID } })],
  [
    "trust without the external id in a second statement",
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
    ["forget one tester", testTrust({ Principal: { AWS: "arn:aws:iam::111122223333:user/tester" } })],
    ["forget the testers", removing("trust", 1)],
    ["forget Amplitude", removing("trust", 0)],
    ["give two statements one id", testTrust({ Sid: "AmplitudeAssumesRole" })],
  ]),
  ...mutationsOf("amplitudePrincipalArns", [
    ["trust Amplitude's account though one role is named", amplitudeTrust({ Principal: { AWS: AMPLITUDE } })],
    [
      "trust a role of the same name in another account",
      amplitudeTrust({ Principal: { AWS: "arn:aws:iam::444455556666:role/exporter" } }),
    ],
    [
      "trust the roles of Amplitude by a pattern",
      amplitudeTrust({
        Principal: { AWS: AMPLITUDE },
        Condition: { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/exporter*" } },
      }),
    ],
  ]),
  ...mutationsOf("amplitudePrincipalArnPatterns", [
    ["drop the pattern", amplitudeTrust({ Condition: undefined })],
    ["let in whoever the pattern is not like", amplitudeTrust(like("ArnNotLike", EXPORTERS))],
    ["let in every principal of the account", amplitudeTrust(like("ArnLike", "arn:aws:iam::358203115967:*"))],
    ["let in users of the pattern's name too", amplitudeTrust(like("StringLike", "*358203115967:*"))],
    ["let in the roles whose names are longer alone", amplitudeTrust(like("ArnLike", `${EXPORTERS}-*`))],
    ["take the pattern to the letter", amplitudeTrust(like("StringEquals", EXPORTERS))],
    ["write the pattern in capitals", amplitudeTrust(like("ArnLike", EXPORTERS.replace("export", "Export")))],
    [
      "name a pattern of another account",
      amplitudeTrust(like("ArnLike", EXPORTERS.replace("358203115967", "444455556666"))),
    ],
    [
      "name the session in place of its role",
      amplitudeTrust(like("ArnLike", "arn:aws:sts::358203115967:assumed-role/export*")),
    ],
    [
      "demand the pattern of aws:SourceArn",
      amplitudeTrust({ Condition: { ArnLike: { "aws:SourceArn": EXPORTERS } } }),
    ],
    [
      "misspell the condition key",
      amplitudeTrust({ Condition: { ArnLike: { "aws:PrincipalARNs": EXPORTERS } } }),
    ],
    ["misspell the operator", amplitudeTrust(like("ArnLikes", EXPORTERS))],
    [
      "trust everybody whose name is like it",
      amplitudeTrust({ Principal: { AWS: "*" }, ...like("StringLike", "*:role/export*") }),
    ],
    [
      "give a second pattern for users",
      amplitudeTrust(like("ArnLike", [EXPORTERS, "arn:aws:iam::358203115967:user/*"])),
    ],
    [
      "trust the account in a second statement",
      adding("trust", { ...ASSUME, Principal: { AWS: AMPLITUDE } }),
    ],
  ]),
  ...mutationsOf("amplitudeAccountId", [
    ["trust the usual account though another is named", amplitudeTrust({ Principal: { AWS: AMPLITUDE } })],
  ]),
  ...mutationsOf("everything", [
    ["let the testers in without the external id", testTrust({ Condition: undefined })],
    ["let Amplitude in without the external id", amplitudeTrust({ Condition: undefined })],
  ]),
];

export const trustMutations: Mutation[] = [...whoIsTrusted, ...whatIsTrusted, ...externalId, ...principals];
