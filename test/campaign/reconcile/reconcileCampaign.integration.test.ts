import { expect } from "chai";
import { campaign, described } from "../campaign";
import { reconcileOutcome } from "./reconcileCampaign";

const SEEDS = 40;

describe("A campaign of reconciliations", () => {
  it(`finds every report true, number by number, over ${SEEDS} seeds`, async function () {
    this.timeout(60_000);
    const outcomes = await campaign({ from: 1, seeds: SEEDS, run: reconcileOutcome });
    const untrue = outcomes.filter(({ differences }) => differences.length > 0);
    expect(untrue.map(described).join("\n")).to.equal("");
    const verdicts = new Set(outcomes.map(({ verdict }) => verdict));
    expect(verdicts).to.deep.equal(new Set(["complete", "incomplete", "undecided"]));
  });
});
