import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import fc from "fast-check";
import type { AmplitudeKinesisDestinationArgs } from "../../components";
import { checkedInputs } from "../../components/validation";

type Args = AmplitudeKinesisDestinationArgs;

/** The property paths that are refused, each once, whatever rules it breaks. */
function refused(args: Args): string[] {
  try {
    checkedInputs("acme", args);
    return [];
  } catch (error) {
    if (!pulumi.InputPropertiesError.isInstance(error)) throw error;
    return [...new Set(error.errors.map(({ propertyPath }) => propertyPath))];
  }
}

/** A number that AWS documents bounds for. */
interface BoundedNumber {
  least: number;
  most: number;
  path: string;
  args: (value: number) => Args;
}

const numbers: BoundedNumber[] = [
  // Kinesis API Reference, IncreaseStreamRetentionPeriod and UpdateMaxRecordSize.
  { least: 24, most: 8_760, path: "retentionHours", args: (retentionHours) => ({ retentionHours }) },
  {
    least: 1_024,
    most: 10_240,
    path: "maxRecordSizeKib",
    args: (maxRecordSizeKib) => ({ maxRecordSizeKib }),
  },
  // IAM API Reference, CreateRole.
  {
    least: 3_600,
    most: 43_200,
    path: "maxSessionSeconds",
    args: (maxSessionSeconds) => ({ maxSessionSeconds }),
  },
  // CloudWatch API Reference, PutMetricAlarm: periods of a minute, a day at most.
  {
    least: 1,
    most: 1_440,
    path: "alarms.silenceMinutes",
    args: (silenceMinutes) => ({ alarms: { silenceMinutes } }),
  },
  {
    least: 1,
    most: 1_440,
    path: "alarms.throttledMinutes",
    args: (throttledMinutes) => ({ alarms: { throttledMinutes } }),
  },
  {
    least: 1,
    most: 100,
    path: "alarms.capacityPercent",
    args: (capacityPercent) => ({ alarms: { capacityShards: 1, capacityPercent } }),
  },
];

/** A text that AWS documents an alphabet and a length for. */
interface BoundedText {
  least: number;
  most: number;
  alphabet: string;
  /** Characters outside of it. */
  others: string;
  path: string;
  args: (value: string) => Args;
}

const WORD = "aZ09_";
const texts: BoundedText[] = [
  // Kinesis API Reference, CreateStream.
  {
    least: 1,
    most: 128,
    alphabet: `${WORD}.-`,
    others: " /:é*",
    path: "streamName",
    args: (streamName) => ({ streamName }),
  },
  // IAM API Reference, CreateRole.
  {
    least: 1,
    most: 64,
    alphabet: `${WORD}+=,.@-`,
    others: " /:é*",
    path: "roleName",
    args: (roleName) => ({ roleName }),
  },
  // STS API Reference, AssumeRole.
  {
    least: 2,
    most: 1_224,
    alphabet: `${WORD}+=,.@:/-`,
    others: " é*#",
    path: "externalId",
    args: (externalId) => ({ externalId }),
  },
  // Tag naming limits and requirements.
  {
    least: 0,
    most: 256,
    alphabet: `${WORD}.:/=+-@ é業`,
    others: "#*<\n",
    path: 'tags["team"]',
    args: (team) => ({ tags: { team } }),
  },
];

const textOf = (characters: string, least: number, most: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength: least, maxLength: most });

describe("the documented bounds", () => {
  for (const { least, most, path, args } of numbers) {
    const near = fc.oneof(
      fc.integer({ min: least - 3, max: least + 3 }),
      fc.integer({ min: most - 3, max: most + 3 }),
      fc.integer({ min: -2 * most, max: 3 * most }),
    );
    it(`of ${path} are ${least} and ${most}, whole numbers alone`, () => {
      fc.assert(
        fc.property(near, (value) => {
          expect(refused(args(value))).to.deep.equal(value >= least && value <= most ? [] : [path]);
        }),
      );
      fc.assert(
        fc.property(fc.double({ min: least, max: most, noInteger: true, noNaN: true }), (value) => {
          expect(refused(args(value))).to.deep.equal([path]);
        }),
      );
    });
  }

  for (const { least, most, alphabet, others, path, args } of texts) {
    it(`of ${path} are ${least} and ${most} characters of its alphabet`, () => {
      const long = fc.integer({ min: most + 1, max: most + 20 }).map((length) => "a".repeat(length));
      fc.assert(fc.property(textOf(alphabet, least, most), (text) => refused(args(text)).length === 0));
      fc.assert(fc.property(long, (text) => void expect(refused(args(text))).to.deep.equal([path])));
      const foreign = fc.tuple(textOf(alphabet, 1, 20), fc.constantFrom(...others), textOf(alphabet, 1, 20));
      fc.assert(
        fc.property(foreign, (parts) => void expect(refused(args(parts.join("")))).to.deep.equal([path])),
      );
      if (least > 0) expect(refused(args("a".repeat(least - 1)))).to.deep.equal([path]);
      expect(refused(args("a".repeat(least)))).to.deep.equal([]);
      expect(refused(args("a".repeat(most)))).to.deep.equal([]);
    });
  }

  it("of shardCount go with the mode: none on demand, one or more where they are provisioned", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -5, max: 20_000 }),
        fc.constantFrom("ON_DEMAND", "PROVISIONED"),
        (count, mode) => {
          const isGood = mode === "PROVISIONED" && count >= 1;
          expect(refused({ streamMode: mode, shardCount: count })).to.deep.equal(
            isGood ? [] : ["shardCount"],
          );
        },
      ),
    );
  });

  it("of tags are 49 beside the component's own", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), (count) => {
        const tags = Object.fromEntries(Array.from({ length: count }, (_, at) => [`key-${at}`, ""]));
        expect(refused({ tags })).to.deep.equal(count <= 49 ? [] : ["tags"]);
      }),
    );
  });
});
