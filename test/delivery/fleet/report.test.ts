import { expect } from "chai";
import { OUTCOMES, worstOutcome } from "../../../delivery/fleet/report";

describe("The outcome of several customers", () => {
  it("is the worst of them, in any order", () => {
    for (const [index, worst] of OUTCOMES.entries()) {
      const rest = OUTCOMES.slice(index);
      expect(worstOutcome(rest)).to.equal(worst);
      expect(worstOutcome([...rest].reverse())).to.equal(worst);
    }
    expect(worstOutcome([])).to.equal("succeeded");
  });
});
