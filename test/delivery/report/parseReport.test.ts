import { deflateSync, inflateSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { ReportError } from "../../../delivery/common/errors";
import { parseAnyReport, parseFleetReport, parseReport } from "../../../delivery/report/parseReport";
import { type ReportFormat, renderReport } from "../../../delivery/report/renderReport";
import type { DeliveryReport } from "../../../delivery/verify/report";
import { bigFleet, DRIFTED, GOOD, MIXED } from "./fleets";
import { EMPTY, FAILED, HUGE, UNDECIDED, VERIFIED } from "./reports";

function problemOf(text: string): string {
  try {
    parseReport(text, "run.json");
  } catch (error) {
    expect(error).to.be.instanceOf(ReportError);
    return (error as Error).message;
  }
  throw new Error("The report was accepted.");
}

describe("Reading a report", () => {
  it("returns every kind of report unchanged", () => {
    for (const report of [VERIFIED, FAILED, UNDECIDED, EMPTY, HUGE]) {
      expect(parseReport(JSON.stringify(report), "it")).to.deep.equal(report);
    }
  });

  it("returns every kind of report of a fleet unchanged, and names the field that is wrong", () => {
    for (const fleet of [GOOD, MIXED, DRIFTED, bigFleet(200)]) {
      expect(parseFleetReport(JSON.stringify(fleet), "it")).to.deep.equal(fleet);
      expect(parseAnyReport(JSON.stringify(fleet), "it")).to.deep.equal(fleet);
    }
    expect(parseAnyReport(JSON.stringify(FAILED), "it")).to.deep.equal(FAILED);
    const [first] = MIXED.customers;
    for (const [wrong, problem] of [
      [{ ...GOOD, fleetReportVersion: 2 }, "fleetReportVersion must be equal to constant"],
      [VERIFIED, "fleetReportVersion is missing"],
      [
        { ...GOOD, customers: [{ ...first, outcome: "fine" }] },
        "customers.0.outcome must be one of failed, ",
      ],
      [
        { ...GOOD, customers: [{ ...first, changes: { create: "4" } }] },
        "customers.0.changes.create must be integer",
      ],
      [
        { ...GOOD, customers: [{ ...first, verdict: "good" }] },
        "customers.0.verdict must be one of verified, ",
      ],
      [{ ...GOOD, parts: [{ index: -1, count: 2 }] }, "parts.0.index must be >= 0"],
    ] as const)
      expect(() => parseFleetReport(JSON.stringify(wrong), "report.json"))
        .to.throw(ReportError, `report.json is not a report: ${problem}`)
        .with.property("message")
        .that.includes("the report.json of `npx amplitude-kinesis fleet`");
  });

  it("accepts additional fields and unknown finding codes of a later version", () => {
    const later = { ...FAILED, news: 1, findings: [{ ...FAILED.findings[0], code: "of-tomorrow" }] };
    expect(parseReport(JSON.stringify(later), "it")).to.deep.equal(later);
  });

  it("counts no skipped rows in a report of an earlier version", () => {
    const { eventsSkipped: _, filesSkipped: __, ...earlier } = VERIFIED;
    expect(parseReport(JSON.stringify(earlier), "it")).to.deep.equal(VERIFIED);
  });

  it("takes the report from the sandbox's result", () => {
    const result = { verdict: "verified", engine: "Pulumi", outputs: {}, proofs: [], report: VERIFIED };
    expect(parseReport(JSON.stringify(result), "it")).to.deep.equal(VERIFIED);
  });

  it("says that a report of reconcile has its files already", () => {
    expect(problemOf('{"reportVersion":1,"eventsExported":1}')).to.match(
      / is a report of reconcile, .* with --report for other formats, and merge parts by their --part-file$/,
    );
  });

  it("names a field that is missing", () => {
    for (const field of ["runId", "eventsSent", "timeline", "findings"] as const) {
      const { [field]: _, ...rest } = VERIFIED;
      expect(problemOf(JSON.stringify(rest))).to.include(`run.json is not a report: ${field} is missing`);
    }
  });

  const cases: [what: string, change: object, message: string][] = [
    ["a later version", { reportVersion: 2 }, "reportVersion is not 1, the only version"],
    ["an unknown verdict", { verdict: "fine" }, "verdict must be one of verified, failed, undecided"],
    ["text instead of a number", { eventsSent: "1" }, "eventsSent must be integer"],
    ["an object instead of a list", { shards: {} }, "shards must be array"],
    ["null instead of an object", { timeline: null }, "timeline must be object"],
  ];
  for (const [what, change, message] of cases) {
    it(`rejects ${what}, and names the field`, () => {
      expect(problemOf(JSON.stringify({ ...VERIFIED, ...change }))).to.include(message);
    });
  }

  it("rejects text that isn't JSON, and JSON that isn't an object, and says what to pass", () => {
    expect(problemOf("VERIFIED: …")).to.include("it is not JSON").and.to.include("verify --json");
    for (const text of ["null", "[]", "1", '""'])
      expect(problemOf(text)).to.include("it must be a JSON object");
  });
});

const FORMATS: ReportFormat[] = ["html", "junit", "markdown", "json", "text"];

/** Fails if the work needs more than two seconds of the processor: it takes half of that unless other processes slow it down. */
async function withinSeconds(work: () => unknown): Promise<void> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).to.be.below(2);
}

async function renderAll(report: DeliveryReport): Promise<void> {
  for (const format of FORMATS) await withinSeconds(() => renderReport(report, format));
}

/** Returns a histogram in its compressed encoding, after a change of its bytes. */
function histogram(change: (bytes: Buffer) => Buffer): string {
  const bytes = inflateSync(Buffer.from(String(VERIFIED.latencyHistogram), "base64").subarray(8));
  const compressed = deflateSync(change(bytes));
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(0x1c849314, 0);
  prefix.writeUInt32BE(compressed.length, 4);
  return Buffer.concat([prefix, compressed]).toString("base64");
}

describe("A crafted report", function () {
  this.timeout(120_000);

  const crafted: [what: string, text: () => string, says: string][] = [
    ["nested deeply", () => `{"x":${"[".repeat(500_000)}`, "nested more than 16 levels"],
    ["of very many empty lists", () => `{"x":[${"[],".repeat(2_000_000)}1]}`, "more than 100000 lists"],
    ["with a bracket in each text", () => `{"x":"${"[".repeat(1_000_000)}"}`, "reportVersion is missing"],
    [
      "with a quote in a text",
      () => JSON.stringify({ ...VERIFIED, runId: '"\\"'.repeat(500), verdict: "[" }),
      "verdict must be one of",
    ],
    [
      "with an infinite number",
      () => JSON.stringify(VERIFIED).replace("12.345", "1e999"),
      "durationInSeconds must be",
    ],
    [
      "with a timeline of a year",
      () => withBuckets(601),
      "timeline.buckets must NOT have more than 600 items",
    ],
  ];
  for (const [what, text, says] of crafted) {
    it(`is rejected within two seconds if it is ${what}`, async () => {
      const json = text();
      await withinSeconds(() => expect(problemOf(json)).to.include(says));
    });
  }

  function withBuckets(count: number): string {
    const bucket = { sent: 0, acknowledged: 0, read: 0 };
    return JSON.stringify({
      ...VERIFIED,
      timeline: { bucketSeconds: 1, buckets: Array(count).fill(bucket) },
    });
  }

  const histograms: [what: string, change: (bytes: Buffer) => Buffer][] = [
    [
      "claims four billion counts",
      (bytes) => {
        bytes.writeUInt32BE(0xffffffff, 4);
        return bytes;
      },
    ],
    [
      "claims an enormous range",
      (bytes) => {
        bytes.writeUInt32BE(5, 12);
        bytes.writeUInt32BE(0x1fffff, 24);
        return bytes;
      },
    ],
    ["unpacks to 10 MB", (bytes) => Buffer.concat([bytes, Buffer.alloc(10_000_000)])],
    ["is empty", (bytes) => bytes.fill(0, 40)],
    ["has no header", (bytes) => bytes.subarray(40)],
  ];
  for (const [what, change] of histograms) {
    it(`is rejected by the page within two seconds if its histogram ${what}`, async () => {
      const report = { ...VERIFIED, latencyHistogram: histogram(change) };
      await withinSeconds(async () => {
        const error = await renderReport(report, "html").catch((error) => error);
        expect(error).to.be.instanceOf(ReportError);
        expect(error.message).to.include("The report's latencyHistogram can't be decoded");
      });
    });
  }

  it("is rendered within two seconds per format if its texts, shards and findings are as large as they may be", async () => {
    const long = "`a` ".repeat(2_500);
    const [shard] = VERIFIED.shards;
    const [finding] = FAILED.findings;
    const large = {
      ...HUGE,
      shards: Array(30_000).fill(shard),
      findings: Array(50).fill({ ...finding, message: long, remedy: "[@".repeat(5_000) }),
    };
    const report = parseReport(JSON.stringify(large), "it");
    await renderAll(report);
  });

  /** Seconds of work; FUZZ_RUNS=20000 takes minutes. */
  const numRuns = Number(process.env.FUZZ_RUNS ?? 60);
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 50 }),
    fc.string({ maxLength: 5 }).map((part) => part.repeat(2_000)),
    fc.constantFrom(...FAILED.findings.map(({ where }) => where), "error", "2026-13-45T00:00:00.000Z"),
    fc
      .uint8Array({ maxLength: 60 })
      .map((counts) => histogram((old) => Buffer.concat([old.subarray(0, 40), counts]))),
    fc.uint8Array({ maxLength: 60 }).map((counts) =>
      histogram((old) => {
        old.writeUInt32BE(counts.length, 4);
        return Buffer.concat([old.subarray(0, 40), counts]);
      }),
    ),
  );
  const number = fc.oneof(
    fc.constantFrom(0, 1, 0.5, 600, 1e9, 2 ** 53 - 1, 5e-324, -1, 1e300),
    fc.double({ min: 0, max: 1 }),
    fc.nat(),
  );
  /** A new value for a member at a path, usually of its type. */
  const change = fc.record({
    path: fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }),
    values: fc.record({ string: text, number, object: fc.constantFrom(null, {}, []), boolean: fc.boolean() }),
    other: fc.option(fc.jsonValue({ maxDepth: 3 }), { freq: 8 }),
  });
  const base = fc.constantFrom(VERIFIED, FAILED, UNDECIDED, EMPTY);

  it("is either rejected with the field's name or rendered in every format, within two seconds", async () => {
    await fc.assert(
      fc.asyncProperty(base, fc.array(change, { minLength: 1, maxLength: 3 }), async (report, changes) => {
        const copy = JSON.parse(JSON.stringify(report));
        for (const { path, values, other } of changes)
          setAt(copy, path, (member) => other ?? Reflect.get(values, typeof member));
        try {
          await renderAll(parseReport(JSON.stringify(copy), "it"));
        } catch (error) {
          expect(error, (error as Error).stack).to.be.instanceOf(ReportError);
        }
      }),
      { numRuns },
    );
  });

  it("is rejected with a message if its text is damaged", async () => {
    const damaged = fc.tuple(fc.nat(), fc.nat(200), fc.string({ unit: "binary", maxLength: 20 }));
    await fc.assert(
      fc.asyncProperty(base, damaged, async (report, [at, length, text]) => {
        const json = JSON.stringify(report);
        const start = at % json.length;
        try {
          await renderAll(parseReport(json.slice(0, start) + text + json.slice(start + length), "it"));
        } catch (error) {
          expect(error, (error as Error).stack).to.be.instanceOf(ReportError);
        }
      }),
      { numRuns },
    );
  });
});

/** Replaces the member at a path of numbers, each of which selects a member of the object or list there. */
function setAt(root: object, [first = 0, ...rest]: number[], change: (member: unknown) => unknown): void {
  const names = Object.keys(root);
  const name = names[first % names.length];
  if (name === undefined) return;
  const member = Reflect.get(root, name);
  if (typeof member === "object" && member !== null && rest.length > 0) setAt(member, rest, change);
  else Reflect.set(root, name, change(member));
}
