import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { adoptionOptions } from "../../components/adoption";
import type { AdoptedResources, AmplitudeKinesisDestinationArgs } from "../../components/index";
import { validateInputs } from "../../components/rules";

const POLICY_ARN = "arn:aws:iam::111122223333:policy/write";

describe("adopted resources", () => {
  it("are imported by their names, and the attachment by the role's name and the policy's ARN", () => {
    const adopt = { streamName: "s", roleName: "r", policyArn: POLICY_ARN };
    const idOf = (resource: Parameters<typeof adoptionOptions>[1]) => adoptionOptions(adopt, resource).import;
    expect((["stream", "role", "policy", "attachment"] as const).map(idOf)).to.deep.equal([
      "s",
      "r",
      POLICY_ARN,
      `r/${POLICY_ARN}`,
    ]);
  });

  it("ignore changes of the listed properties, each on its resource", () => {
    const adopt = { ignoreChanges: ["stream.tags", "role.tags", "role.description"] };
    expect(adoptionOptions(adopt, "role")).to.deep.equal({ ignoreChanges: ["tags", "description"] });
    expect(adoptionOptions(adopt, "policy")).to.deep.equal({});
  });

  it("take null for a name that is not set", () => {
    const unset = { streamName: null, ignoreChanges: null } as unknown as AdoptedResources;
    expect(validateInputs("acme", { adopt: unset })).to.deep.equal({ adopt: {} });
  });

  const invalid: [Record<string, unknown>, string][] = [
    [{ adopt: "by-hand" }, 'adopt: "by-hand" must be a map'],
    [{ adopt: { streamName: 5 } }, "adopt.streamName: 5 must be a string"],
    [
      { streamName: pulumi.output("s"), adopt: { streamName: "s" } },
      "streamName: must be a plain string, not an Output, with adopt",
    ],
    [
      { roleName: "r", adopt: { roleName: "r", policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" } },
      'adopt.policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" must be the ARN of a customer-managed policy',
    ],
    [{ adopt: { ignoreChanges: [null] } }, "adopt.ignoreChanges[0]: null must be a string"],
    [{ adopt: { stream: "s" } }, "adopt.stream: unknown input"],
    [{ adopt: { streamName: "s" } }, 'adopt.streamName: "s" must be the same as streamName'],
    [{ roleName: "r", adopt: { roleName: "other" } }, 'adopt.roleName: "other" must be the same as roleName'],
    [{ adopt: { policyArn: POLICY_ARN } }, "adopt.policyArn: requires adopt.roleName"],
    [
      { adopt: { ignoreChanges: "stream.tags" } },
      'adopt.ignoreChanges: "stream.tags" must be a list of strings',
    ],
    [
      { adopt: { ignoreChanges: ["stream.tag"] } },
      "adopt.ignoreChanges[0]: unknown property; did you mean stream.tags?",
    ],
  ];
  for (const [args, message] of invalid) {
    it(`are rejected: ${message}`, () => {
      expect(() => validateInputs("acme", args as AmplitudeKinesisDestinationArgs)).to.throw(message);
    });
  }
});
