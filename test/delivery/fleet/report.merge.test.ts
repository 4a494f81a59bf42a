import { expect } from "chai";
import fc from "fast-check";
import { type Part, partIndexOf } from "../../../delivery/common/part";
import {
  type CustomerOutcome,
  type FleetReport,
  mergeFleets,
  OUTCOMES,
  worstOutcome,
} from "../../../delivery/fleet/report";
import { customer, fleetOf } from "../report/fleets";

/** Returns the report of a part whose customers, named by their outcomes, are `NAME-OUTCOME`. */
function part(
  index: number,
  count: number,
  stacks: string[] = [`s${index}`],
  changes: Partial<FleetReport> = {},
) {
  return fleetOf(
    stacks.map((stack) => customer(stack)),
    { parts: [{ index, count }], run: "build-7", ...changes },
  );
}

/** Merges reports in folders `1`, `2` and so on. */
function merged(...reports: (FleetReport | undefined)[]): FleetReport {
  return mergeFleets(
    reports.map((report, index) => ({ folder: String(index + 1), report })),
    (folder, log) => `${folder}/${log}`,
  );
}

const problems = ({ findings }: FleetReport) => findings.map(({ code, where }) => `${code} ${where}`);
const stacks = ({ customers }: FleetReport) => customers.map(({ stack }) => stack);

describe("Merging the parts of a fleet's run", () => {
  it("joins the customers by name, and the time from the first start to the last end", () => {
    const report = merged(
      part(1, 2, ["globex"], { startedAt: "2026-01-05T00:01:00.000Z", durationInSeconds: 100 }),
      part(0, 2, ["acme", "initech"], { startedAt: "2026-01-05T00:00:00.000Z", durationInSeconds: 20 }),
    );
    expect(stacks(report)).to.deep.equal(["acme", "globex", "initech"]);
    expect(report).to.deep.include({
      outcome: "succeeded",
      parts: [
        { index: 0, count: 2 },
        { index: 1, count: 2 },
      ],
      startedAt: "2026-01-05T00:00:00.000Z",
      durationInSeconds: 160,
      findings: [],
      run: "build-7",
    });
    expect(report.customers.map(({ log }) => log)).to.deep.equal([
      "2/acme.log",
      "1/globex.log",
      "2/initech.log",
    ]);
  });

  it("has every customer and the worst outcome, however a fleet is divided and in whatever order it is merged", () => {
    const fleet = fc.uniqueArray(
      fc.record({ stack: fc.string({ minLength: 1 }), outcome: fc.constantFrom(...OUTCOMES) }),
      { selector: ({ stack }) => stack, maxLength: 30 },
    );
    fc.assert(
      fc.property(fleet, fc.integer({ min: 1, max: 8 }), fc.infiniteStream(fc.nat()), (all, count, order) => {
        const reports = Array.from({ length: count }, (_, index) =>
          fleetOf(
            all
              .filter(({ stack }) => partIndexOf(stack, count) === index)
              .map(({ stack, outcome }) => customer(stack, { outcome: outcome as CustomerOutcome })),
            { parts: count === 1 ? [] : [{ index, count }], run: "r" },
          ),
        ).sort(() => ((order.next().value ?? 0) % 3) - 1);
        const report = merged(...reports);
        expect(stacks(report)).to.have.members(all.map(({ stack }) => stack));
        expect(report.outcome).to.equal(worstOutcome(all.map(({ outcome }) => outcome)));
        expect(report.findings).to.deep.equal([]);
      }),
      { numRuns: 50 },
    );
  });

  it("is undecided if parts are missing, and names them", () => {
    const report = merged(part(0, 4), part(2, 4));
    expect(report.outcome).to.equal("undecided");
    expect(report.findings[0]).to.include({
      code: "part-missing",
      where: "run build-7, up of project acme-fleet, 4 parts",
      message: "No report covers parts 2/4, 4/4",
    });
    expect(merged(part(0, 2)).findings[0]?.message).to.equal("No report covers part 2/2");
  });

  it("is undecided if a folder has no report, because its part did not finish", () => {
    const report = merged(part(0, 2), undefined);
    expect([report.outcome, problems(report)[0]]).to.deep.equal(["undecided", "part-missing 2"]);
  });

  it("counts the later of two reports of a part, and names the other one", () => {
    const early = part(1, 2, ["early"], { startedAt: "2026-01-04T00:00:00.000Z" });
    for (const reports of [
      [part(0, 2), early, part(1, 2)],
      [part(1, 2), part(0, 2), early],
    ]) {
      const report = merged(...reports);
      expect([report.outcome, stacks(report)]).to.deep.equal(["undecided", ["s0", "s1"]]);
      expect(problems(report)).to.deep.equal([`part-duplicated ${reports.indexOf(early) + 1}`]);
      expect(report.findings[0]?.message).to.match(/^Part 2\/2 is also in [13], which started later\./);
    }
  });

  const others: [what: string, other: FleetReport][] = [
    ["run", part(2, 3, ["other"], { run: "build-6" })],
    ["command", part(2, 3, ["other"], { command: "check" })],
    ["project", part(2, 3, ["other"], { project: "else" })],
    ["number of parts", part(1, 4, ["other"])],
  ];
  for (const [what, other] of others) {
    it(`leaves out a part of another ${what}, names it, and is undecided`, () => {
      const report = merged(other, part(0, 3), part(1, 3));
      expect([report.outcome, stacks(report)]).to.deep.equal(["undecided", ["s0", "s1"]]);
      expect(problems(report)).to.deep.equal([
        "part-of-another-run 1",
        "part-missing run build-7, up of project acme-fleet, 3 parts",
      ]);
    });
  }

  it("counts the worse result of a customer that two parts have, and names the customer", () => {
    const worse = part(1, 2, []);
    worse.customers.push(customer("s0", { outcome: "failed" }));
    const report = merged(part(0, 2), worse);
    expect(report.customers.map(({ stack, outcome }) => [stack, outcome])).to.deep.equal([["s0", "failed"]]);
    expect([report.outcome, problems(report)]).to.deep.equal(["failed", ["part-duplicated s0"]]);
  });

  it("stays failed if a customer failed and a part is missing", () => {
    const failed = part(0, 2);
    failed.customers.push(customer("x", { outcome: "failed" }));
    expect(merged(failed).outcome).to.equal("failed");
  });

  it("warns if several parts name no run, and decides nevertheless", () => {
    const report = merged(part(0, 2, ["a"], { run: null }), part(1, 2, ["b"], { run: null }));
    expect([report.outcome, problems(report)]).to.deep.equal([
      "succeeded",
      ["parts-without-run up of project acme-fleet"],
    ]);
  });

  it("can be merged again with the part that was missing", () => {
    const report = merged(merged(part(0, 3), part(1, 3)), part(2, 3));
    expect([report.outcome, report.findings, stacks(report)]).to.deep.equal([
      "succeeded",
      [],
      ["s0", "s1", "s2"],
    ]);
    const parts: Part[] = report.parts;
    expect(parts.map(({ index }) => index)).to.deep.equal([0, 1, 2]);
  });

  it("keeps the findings of the parts", () => {
    const finding = {
      code: "interrupted",
      severity: "undetermined",
      message: "m",
      where: "w",
      remedy: "r",
    } as const;
    const report = merged(part(0, 1, ["a"], { findings: [finding] }));
    expect([report.outcome, report.findings]).to.deep.equal(["undecided", [finding]]);
  });
});
