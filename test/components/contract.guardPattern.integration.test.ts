import { spawnSync } from "node:child_process";
import { expect } from "chai";
import fc from "fast-check";
import { guardPattern } from "../../components/contract";
import { matches, parsePattern } from "../../sandbox/aws/pipes/eventPattern";
import { skip } from "../skip";

/** A record's payload in JSON, and the ids that the guard expects. */
interface Sample {
  ids: number[];
  data: string;
}

const id = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(100_011_471, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1),
);
const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 50 });

/** Values near the expected ids: the ids in other forms, their neighbors, and everything that JSON allows. */
const appsNear = (expected: number[]) => {
  const known = fc.constantFrom(...expected);
  return fc.oneof(
    known,
    known.map(String),
    known.map((each) => each + 1),
    known.map((each) => -each),
    known.map((each) => each / 10),
    id,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(fc.oneof(known, id, fc.string(), fc.constant(null), fc.array(known, { maxLength: 2 })), {
      maxLength: 3,
    }),
    fc.jsonValue({ maxDepth: 2 }),
  );
};

const samples: fc.Arbitrary<Sample> = ids.chain((expected) => {
  const row = fc.oneof(
    fc.record({ app: appsNear(expected), event_type: fc.string(), user_id: fc.string() }),
    fc.record({ event_type: fc.string(), App: fc.constantFrom(...expected) }),
    fc.record({ event_properties: fc.record({ app: fc.constantFrom(...expected) }) }),
  );
  return row.map((data) => ({ ids: expected, data: JSON.stringify(data) }));
});

/** Forms of a number that JSON.stringify doesn't write, and payloads that aren't an event. */
const WRITTEN: Sample[] = [
  ...["100.0", "1e2", "1.00E+2", "100", "100.5", "1e400", "-100", "123456789012345678901234567890"].map(
    (app) => ({ ids: [100, 200], data: `{"app":${app}}` }),
  ),
  ...["{}", "[]", '[{"app":100}]', '[{"app":100},{"app":7}]', '[{"app":7},{}]'].map((data) => ({
    ids: [100],
    data,
  })),
];

/** The rule in other words than the pattern: a record is foreign unless all its project ids are expected ones. */
function isForeign({ ids: expected, data }: Sample): boolean {
  const rows = [JSON.parse(data)].flat();
  const apps = rows.flatMap(({ app }) => leaves(app));
  return apps.length === 0 || apps.some((app) => typeof app !== "number" || !expected.includes(app));
}

/** Returns the values of a list at any depth. An object has no value itself. */
function leaves(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(leaves);
  return value === undefined || (typeof value === "object" && value !== null) ? [] : [value];
}

const eventOf = ({ data }: Sample) =>
  `{"eventSource":"aws:kinesis","partitionKey":"key","sequenceNumber":"4959","data":${data}}`;

describe("the guard's pattern", () => {
  const all = [...WRITTEN, ...fc.sample(samples, 5_000)];

  it("lets exactly the records of other projects through, for the sandbox's matcher", () => {
    for (const sample of all) {
      const isMatch = matches(parsePattern(guardPattern(sample.ids)), JSON.parse(eventOf(sample)));
      expect(isMatch, JSON.stringify(sample)).to.equal(isForeign(sample));
    }
  });

  it("lets exactly the records of other projects through, for AWS's matcher", function () {
    const input = all.map((sample) => `${eventOf(sample)}\t${guardPattern(sample.ids)}\n`).join("");
    const { status, stdout, stderr, error } = spawnSync("event-ruler", { input, encoding: "utf8" });
    if (error !== undefined)
      skip(this, "no event-ruler is on PATH, which `.ci/run ruler` gets with Java and Maven");
    expect(status, stderr).to.equal(0);
    const decided = stdout.trim().split("\n");
    expect(decided).to.have.length(all.length);
    for (const [index, sample] of all.entries())
      expect(decided[index], JSON.stringify(sample)).to.equal(String(isForeign(sample)));
    expect(new Set(decided)).to.deep.equal(new Set(["true", "false"]));
  });
});
