import { expect } from "chai";
import { campaign, described } from "../campaign";
import { partsOutcome } from "./partsCampaign";

const SEEDS = 8;

describe("A campaign of runs in four parts, over a stream that is split and merged", () => {
  it(`finds every part's report and the merged one true over ${SEEDS} seeds`, async () => {
    const outcomes = await campaign({ from: 1, seeds: SEEDS, run: partsOutcome });
    const untrue = outcomes.filter(({ differences }) => differences.length > 0).map(described);
    expect(untrue.join("\n")).to.equal("");
    expect(new Set(outcomes.map(({ verdict }) => verdict))).to.include.keys(
      "verified",
      "failed",
      "undecided",
    );
  });
});
