import { expect } from "chai";
import fc from "fast-check";
import { type AmplitudeKinesisDestinationArgs, StreamMode } from "../../components/index";
import { renderedInputs } from "../components/rendered";
import { EXTERNAL_ID, KEY } from "./contractTable";
import { formProblems } from "./form";
import { knownActions } from "./iamData";
import { type Scanned, type ScannerRule, streamRules, trustRules, writeRules } from "./scannerRules";

const rules: ScannerRule[] = [...streamRules, ...trustRules, ...writeRules];

/** Valid inputs, each of which is set or not. */
const capacity = fc.constantFrom<AmplitudeKinesisDestinationArgs>(
  {},
  { streamMode: StreamMode.OnDemand },
  { streamMode: StreamMode.Provisioned, shardCount: 2 },
);
const amplitude = fc.constantFrom<AmplitudeKinesisDestinationArgs>(
  {},
  { amplitudeAccountId: "202493300829" },
  { amplitudePrincipalArns: ["arn:aws:iam::358203115967:role/exporter"] },
  { amplitudePrincipalArnPatterns: ["arn:aws:iam::358203115967:role/export*"] },
  { amplitudePrincipalArns: ["arn:aws:iam::358203115967:root", "arn:aws:iam::202493300829:user/path/a"] },
);
const others = fc.record(
  {
    streamName: fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/),
    retentionHours: fc.integer({ min: 24, max: 8760 }),
    kmsKeyArn: fc.constant(KEY),
    roleName: fc.stringMatching(/^[\w+=,.@-]{1,64}$/),
    rolePath: fc.constantFrom("/", "/vendors/"),
    permissionsBoundaryArn: fc.constant("arn:aws:iam::aws:policy/PowerUserAccess"),
    externalId: fc.constant(EXTERNAL_ID),
    testPrincipalArns: fc.constantFrom([], ["arn:aws:iam::111122223333:user/tester"]),
    requireTls: fc.boolean(),
    alarms: fc.constantFrom({}, { silenceMinutes: 5 }),
    tags: fc.constantFrom({}, { team: "data" }),
  },
  { requiredKeys: [] },
);
const goodInputs = fc.tuple(capacity, amplitude, others).map((parts) => Object.assign({}, ...parts));

async function scan(inputs: AmplitudeKinesisDestinationArgs): Promise<Scanned> {
  const { resources, stream, role, policy, streamPolicy } = await renderedInputs("acme", inputs);
  const documents = {
    trust: JSON.parse(role.assumeRolePolicy),
    write: JSON.parse(policy.policy),
    ...(streamPolicy.policy && { streamPolicy: JSON.parse(streamPolicy.policy) }),
  };
  return { inputs, resources, stream, role, policy, ...documents, actions: await knownActions() };
}

/** Resources that violate every rule. */
function wrongEverywhere(right: Scanned): Scanned {
  return {
    ...right,
    resources: [
      ...right.resources,
      { type: "aws:kms/key:Key", name: "key", inputs: {} },
      { type: "aws:iam/rolePolicy:RolePolicy", name: "inline", inputs: {} },
      { type: "a", name: "a", inputs: { policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" } },
    ],
    stream: { name: "events", retentionPeriod: 24 },
    role: {},
    policy: {},
    trust: { Statement: [{ Principal: { AWS: "*" }, NotAction: "sts:TagSession" }] },
    write: {
      Statement: [
        { Action: ["iam:*", "iam:CreateAccessKey", "kms:Decrypt"], Resource: "*" },
        { NotAction: "iam:PassRole", NotResource: "arn:aws:kinesis:us-east-1:111122223333:stream/a" },
      ],
    },
  };
}

describe("the scanners' rules", () => {
  it("hold for every combination of inputs, or are waived with a reason", async () => {
    await fc.assert(
      fc.asyncProperty(goodInputs, async (inputs) => {
        const scanned = await scan(inputs);
        const broken = rules.filter((rule) => !rule.waived?.(inputs) && !rule.holds(scanned));
        expect(broken.flatMap(({ ids }) => ids)).to.deep.equal([]);
        expect(await formProblems(scanned)).to.deep.equal([]);
      }),
      { numRuns: 40 },
    );
  });

  for (const { ids, asks, holds, waived } of rules) {
    const reason = waived?.({});
    it(`without inputs, ${ids.join(", ")}: ${asks}${reason ? ` (waived: ${reason})` : ""}`, async () => {
      expect(holds(await scan({}))).to.equal(reason === undefined);
    });
  }

  it("are waived only for explicit choices and the vendor's contract", () => {
    const choices = { retentionHours: 24, kmsKeyArn: KEY, streamName: "events" };
    const reasons = (inputs: AmplitudeKinesisDestinationArgs) =>
      rules.flatMap(({ ids, waived }) => (waived?.(inputs) ? ids : []));
    const byContract = ["CKV_AWS_61", "Cloudsplaining AssumableByCrossAccountPrincipal"];
    expect(reasons({})).to.deep.equal(byContract);
    expect(reasons(choices)).to.deep.equal([
      "AwsSolutions-KDS3",
      "Security Hub Kinesis.3",
      "kinesis-stream-backup-retention-check",
      "cfn-nag W28",
      ...byContract,
    ]);
  });

  it("are violated by the resources that they should find", async () => {
    const open = wrongEverywhere(await scan({}));
    expect(rules.filter(({ holds }) => holds(open)).map(({ ids }) => ids)).to.deep.equal([]);
  });
});
