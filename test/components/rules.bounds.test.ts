import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import fc from "fast-check";
import type { AmplitudeKinesisDestinationArgs } from "../../components/index";
import { validateInputs } from "../../components/rules";

type Args = AmplitudeKinesisDestinationArgs;

/** Returns the rejected property paths, each once. */
function rejected(args: Args): string[] {
  try {
    validateInputs("acme", args);
    return [];
  } catch (error) {
    if (!pulumi.InputPropertiesError.isInstance(error)) throw error;
    return [...new Set(error.errors.map(({ propertyPath }) => propertyPath))];
  }
}

/** A number with documented bounds. */
interface BoundedNumber {
  min: number;
  max: number;
  path: string;
  args: (value: number) => Args;
}

const numbers: BoundedNumber[] = [
  // Kinesis API Reference, IncreaseStreamRetentionPeriod and UpdateMaxRecordSize.
  { min: 24, max: 8_760, path: "retentionHours", args: (retentionHours) => ({ retentionHours }) },
  {
    min: 1_024,
    max: 10_240,
    path: "maxRecordSizeKib",
    args: (maxRecordSizeKib) => ({ maxRecordSizeKib }),
  },
  // IAM API Reference, CreateRole.
  {
    min: 3_600,
    max: 43_200,
    path: "maxSessionSeconds",
    args: (maxSessionSeconds) => ({ maxSessionSeconds }),
  },
  // CloudWatch API Reference, PutMetricAlarm: periods of a minute, at most a day.
  {
    min: 1,
    max: 1_440,
    path: "alarms.silenceMinutes",
    args: (silenceMinutes) => ({ alarms: { silenceMinutes } }),
  },
  {
    min: 1,
    max: 1_440,
    path: "alarms.throttledMinutes",
    args: (throttledMinutes) => ({ alarms: { throttledMinutes } }),
  },
  {
    min: 1,
    max: 100,
    path: "alarms.capacityPercent",
    args: (capacityPercent) => ({ alarms: { capacityShards: 1, capacityPercent } }),
  },
];

/** A text with a documented alphabet and length. */
interface BoundedText {
  min: number;
  max: number;
  alphabet: string;
  /** Characters outside the alphabet. */
  others: string;
  path: string;
  args: (value: string) => Args;
}

const WORD = "aZ09_";
const texts: BoundedText[] = [
  // Kinesis API Reference, CreateStream.
  {
    min: 1,
    max: 128,
    alphabet: `${WORD}.-`,
    others: " /:é*",
    path: "streamName",
    args: (streamName) => ({ streamName }),
  },
  // IAM API Reference, CreateRole.
  {
    min: 1,
    max: 64,
    alphabet: `${WORD}+=,.@-`,
    others: " /:é*",
    path: "roleName",
    args: (roleName) => ({ roleName }),
  },
  // STS API Reference, AssumeRole.
  {
    min: 2,
    max: 1_224,
    alphabet: `${WORD}+=,.@:/-`,
    others: " é*#",
    path: "externalId",
    args: (externalId) => ({ externalId }),
  },
  // Tag naming limits and requirements.
  {
    min: 0,
    max: 256,
    alphabet: `${WORD}.:/=+-@ é業`,
    others: "#*<\n",
    path: 'tags["team"]',
    args: (team) => ({ tags: { team } }),
  },
];

const textOf = (characters: string, min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength: min, maxLength: max });

describe("the documented bounds", () => {
  for (const { min, max, path, args } of numbers) {
    const near = fc.oneof(
      fc.integer({ min: min - 3, max: min + 3 }),
      fc.integer({ min: max - 3, max: max + 3 }),
      fc.integer({ min: -2 * max, max: 3 * max }),
    );
    it(`of ${path} are ${min} and ${max}, integers only`, () => {
      fc.assert(
        fc.property(near, (value) => {
          expect(rejected(args(value))).to.deep.equal(value >= min && value <= max ? [] : [path]);
        }),
      );
      fc.assert(
        fc.property(fc.double({ min: min, max: max, noInteger: true, noNaN: true }), (value) => {
          expect(rejected(args(value))).to.deep.equal([path]);
        }),
      );
    });
  }

  for (const { min, max, alphabet, others, path, args } of texts) {
    it(`of ${path} are ${min} and ${max} characters of its alphabet`, () => {
      const long = fc.integer({ min: max + 1, max: max + 20 }).map((length) => "a".repeat(length));
      fc.assert(fc.property(textOf(alphabet, min, max), (text) => rejected(args(text)).length === 0));
      fc.assert(fc.property(long, (text) => void expect(rejected(args(text))).to.deep.equal([path])));
      const foreign = fc.tuple(textOf(alphabet, 1, 20), fc.constantFrom(...others), textOf(alphabet, 1, 20));
      fc.assert(
        fc.property(foreign, (parts) => void expect(rejected(args(parts.join("")))).to.deep.equal([path])),
      );
      if (min > 0) expect(rejected(args("a".repeat(min - 1)))).to.deep.equal([path]);
      expect(rejected(args("a".repeat(min)))).to.deep.equal([]);
      expect(rejected(args("a".repeat(max)))).to.deep.equal([]);
    });
  }

  it("of shardCount depend on the mode: none with ON_DEMAND, at least one with PROVISIONED", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -5, max: 20_000 }),
        fc.constantFrom("ON_DEMAND", "PROVISIONED"),
        (count, mode) => {
          const isValid = mode === "PROVISIONED" && count >= 1;
          expect(rejected({ streamMode: mode, shardCount: count })).to.deep.equal(
            isValid ? [] : ["shardCount"],
          );
        },
      ),
    );
  });

  it("of tags are 49 besides the component's tag", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), (count) => {
        const tags = Object.fromEntries(Array.from({ length: count }, (_, at) => [`key-${at}`, ""]));
        expect(rejected({ tags })).to.deep.equal(count <= 49 ? [] : ["tags"]);
      }),
    );
  });
});
