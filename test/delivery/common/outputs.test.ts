import { expect } from "chai";
import fc from "fast-check";
import { type OutputsOrigin, parseOutputs, resolveOutputs } from "../../../delivery/common/outputs";

const OUTPUTS = {
  roleArn: "arn:aws:iam::111122223333:role/amplitude/writer",
  region: "eu-central-1",
  streamName: "events",
};

function problemsOf(...origins: OutputsOrigin[]): string {
  try {
    resolveOutputs(origins);
    return "none";
  } catch (error) {
    expect(error).to.include({ name: "SettingsError", code: "settings" });
    return error instanceof Error ? error.message : "";
  }
}

const fromFile = (values: object): OutputsOrigin => ({ description: "outputs.json", values });

describe("The stack's outputs", () => {
  it("come from the first place that has them", () => {
    expect(resolveOutputs([fromFile({ ...OUTPUTS, streamArn: "more" })])).to.deep.equal(OUTPUTS);
  });

  it("are taken from the first place that has each", () => {
    const flags = { description: "flags", values: { region: "us-east-1", streamName: undefined } };
    expect(resolveOutputs([flags, fromFile(OUTPUTS)])).to.deep.equal({ ...OUTPUTS, region: "us-east-1" });
  });

  it("are named with all places that they were looked for in, each missing one", () => {
    const flags = { description: "flags", values: {} };
    const problems = problemsOf(flags, fromFile({ roleArn: OUTPUTS.roleArn })).split("\n");
    expect(problems).to.have.length(2);
    expect(problems[0]).to.include("region is missing").and.to.include("flags, outputs.json");
    expect(problems[1]).to.include("streamName is missing");
  });

  const malformed: [keyof typeof OUTPUTS, unknown][] = [
    ["roleArn", "writer"],
    ["roleArn", "arn:aws:iam::111122223333:role/"],
    ["roleArn", "arn:aws:iam::111122223333:role/amplitude/"],
    ["roleArn", "arn:aws:iam::1111:role/writer"],
    ["roleArn", "arn:aws:iam::111122223333:user/writer"],
    ["roleArn", "arn:aws:iam::111122223333:role/writer\n"],
    ["region", "Frankfurt"],
    ["region", "eu-central"],
    ["region", "eu-central-1a"],
    ["streamName", ""],
    ["streamName", "a b"],
    ["streamName", "a".repeat(129)],
    ["streamName", OUTPUTS.roleArn],
    ["streamName", null],
    ["streamName", 5],
    ["region", ["eu-central-1"]],
  ];
  for (const [name, value] of malformed) {
    it(`are named with their value and the rule if ${name} is ${JSON.stringify(value)}`, () => {
      const problem = problemsOf(fromFile({ ...OUTPUTS, [name]: value }));
      const shown = typeof value === "string" || value === null ? JSON.stringify(value) : "";
      expect(problem.startsWith(`${name} of outputs.json is ${shown}`)).to.equal(true);
    });
  }

  it("are shown only if they are strings, because others may contain a secret", () => {
    const problem = problemsOf(
      fromFile({ ...OUTPUTS, roleArn: { plaintext: "marked-secret" }, region: ["marked-secret"] }),
    );
    expect(problem)
      .to.include("roleArn of outputs.json is an object")
      .and.include("region of outputs.json is a list");
    expect(problem).to.not.include("marked-secret");
  });

  it("that Pulumi keeps secret are named with the flag that shows them", () => {
    expect(problemsOf(fromFile({ ...OUTPUTS, roleArn: "[secret]" }))).to.include("--show-secrets");
  });

  const wellFormed: [keyof typeof OUTPUTS, string][] = [
    ["roleArn", "arn:aws:iam::111122223333:role/w"],
    ["roleArn", "arn:aws:iam::111122223333:role/a/b/c/w+=,.@-_1"],
    ["region", "us-gov-west-1"],
    ["region", "ap-southeast-5"],
    ["streamName", "a".repeat(128)],
    ["streamName", "Events_1.prod-eu"],
  ];
  for (const [name, value] of wellFormed) {
    it(`may have the ${name} ${value}`, () => {
      expect(problemsOf(fromFile({ ...OUTPUTS, [name]: value }))).to.equal("none");
    });
  }
});

describe("What `pulumi stack output --json` prints", () => {
  it("is read", () => {
    expect(parseOutputs(JSON.stringify(OUTPUTS), "a file")).to.deep.equal({
      description: "a file",
      values: OUTPUTS,
    });
  });

  for (const text of ["", "{", "Please choose a stack"]) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(() => parseOutputs(text, "a file")).to.throw("a file is not JSON. Give it the output of");
    });
  }

  for (const text of ["null", "[]", "5", '"text"']) {
    it(`is not ${text}`, () => {
      expect(() => parseOutputs(text, "a file")).to.throw("a file is not a JSON object");
    });
  }

  it("gives outputs or a settings error, whatever it holds", () => {
    const value = fc.oneof(
      fc.json(),
      fc
        .dictionary(fc.constantFrom(...Object.keys(OUTPUTS)), fc.anything())
        .map((object) => JSON.stringify(object, (_, one) => (typeof one === "bigint" ? 1 : one))),
    );
    fc.assert(
      fc.property(value, (text) => {
        try {
          resolveOutputs([parseOutputs(text, "a file")]);
        } catch (error) {
          expect(error).to.include({ code: "settings" });
        }
      }),
    );
  });
});
