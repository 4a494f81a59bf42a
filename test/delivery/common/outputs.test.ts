import { expect } from "chai";
import fc from "fast-check";
import {
  destinationIn,
  destinationOutputs,
  type OutputsOrigin,
  parseOutputs,
  resolveOutputs,
} from "../../../delivery/common/outputs";

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

describe("The destination among a stack's outputs", () => {
  const GLOBEX = { ...OUTPUTS, streamName: "globex" };
  const found = (values: object, name?: string) => destinationIn(fromFile(values), name);
  const problem = (values: object, name?: string) => {
    try {
      return JSON.stringify(found(values, name));
    } catch (error) {
      expect(error).to.include({ name: "SettingsError" });
      return error instanceof Error ? error.message : "";
    }
  };

  it("is at the top if all three outputs are", () => {
    const values = { ...OUTPUTS, acme: GLOBEX };
    expect(found(values)).to.deep.equal(fromFile(values));
    expect(found(values, "acme").values).to.deep.equal(GLOBEX);
  });

  it("is the only object that has them, however deep", () => {
    for (const [values, name] of [
      [{ acme: { ...OUTPUTS, urn: "x" }, page: "x", region: "us-east-1" }, "acme"],
      [{ customers: { acme: OUTPUTS, count: 1 } }, "customers.acme"],
      [{ customers: [null, OUTPUTS] }, "customers[1]"],
      [{ acme: OUTPUTS, customers: { acme: { ...OUTPUTS } } }, "acme"],
    ] as const) {
      const { description, values: chosen } = found(values);
      expect(description).to.equal(`output "${name}" of outputs.json`);
      expect(chosen).to.include(OUTPUTS);
    }
  });

  it("may have the names of Python", () => {
    const { roleArn, region, streamName } = OUTPUTS;
    const python = { role_arn: roleArn, region, stream_name: streamName, policy_arn: "p", id: null };
    expect(found({ acme: python }).values).to.include({ ...OUTPUTS, policyArn: "p" });
    expect(found(python).values).to.include(OUTPUTS);
  });

  it("must be named if there are several", () => {
    const values = { acme: OUTPUTS, "glo.bex": GLOBEX, list: [{ ...OUTPUTS, streamName: "third" }] };
    expect(problem(values)).to.equal(
      "outputs.json has 3 destinations: acme, glo.bex, list[0]. Choose one with --output NAME",
    );
    expect(found(values, "glo.bex").values).to.include(GLOBEX);
    for (const name of ["list[0]", "list.0"])
      expect(found(values, name).values).to.include({ streamName: "third" });
    const many = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`c${i}`, { ...OUTPUTS, streamName: `c${i}` }]),
    );
    expect(problem(many)).to.include("has 30 destinations: c0, ").and.include("c19 and 10 more. Choose");
  });

  it("can't be one that doesn't exist", () => {
    expect(problem({ acme: OUTPUTS, globex: GLOBEX }, "initech")).to.equal(
      'outputs.json has no destination "initech". Its destinations are acme, globex',
    );
    expect(problem(OUTPUTS, "acme")).to.include('no destination "acme"').and.include("leave out --output");
    expect(problem({ page: "x" }, "page")).to.include("is an object with roleArn, region and streamName");
  });

  it("may be secret, or a reference that only the stack's state resolves", () => {
    const secret = found({ acme: "[secret]", list: ["[secret]"] });
    expect(problem({ acme: "[secret]" }, "acme")).to.include(
      'no readable destination "acme". Secret outputs',
    );
    expect(problemsOf(secret)).to.match(/^roleArn is missing.*: acme, list\[0\]\. .*--show-secrets/s);
    const reference = {
      "4dabf18193072939515e22adb298388d": "5cf8f73096256a8f31e491e813e4eb8e",
      urn: "urn:x",
    };
    expect(problem({ acme: reference }, "acme"))
      .to.include("refer to resources")
      .and.include("--stack");
    expect(problemsOf(found({ acme: reference }))).to.include("can't be looked into: acme. Name the stack");
    expect(problem({ ...OUTPUTS, acme: reference, password: "[secret]" })).to.include(OUTPUTS.roleArn);
    expect(problemsOf(found({ acme: { ...OUTPUTS, roleArn: "[secret]" } }))).to.match(
      /^roleArn of output "acme" of outputs.json is "\[secret\]".*--show-secrets/,
    );
  });

  it("is left to the other options if there is none", () => {
    const partial = fromFile({ roleArn: OUTPUTS.roleArn, password: 5 });
    expect(destinationIn(partial)).to.deep.equal(partial);
  });

  it("is found by the library too", () => {
    const values = { acme: { ...OUTPUTS, policyArn: "p", id: "x" }, globex: GLOBEX };
    expect(destinationOutputs(values, "acme")).to.deep.equal({ ...OUTPUTS, policyArn: "p" });
    expect(() => destinationOutputs(values)).to.throw("2 destinations");
  });
});
