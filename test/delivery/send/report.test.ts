import { expect } from "chai";
import fc from "fast-check";
import { fateFindings, SendCounter, sendOutcome } from "../../../delivery/send/report";
import { ABANDONED, acknowledged, reason, refused, unanswered } from "../kinesis/outcomes";

type Fate = "acknowledged" | "refused" | "unanswered" | "abandoned" | "too large";

describe("the count of what was sent", () => {
  it("has one fate for every event, however often it was tried", () => {
    const events = fc.array(
      fc.record({
        attempts: fc.integer({ min: 1, max: 4 }),
        fate: fc.constantFrom<Fate>("acknowledged", "refused", "unanswered", "abandoned", "too large"),
      }),
    );
    fc.assert(
      fc.property(events, (all) => {
        const counter = new SendCounter();
        for (const [index, { attempts, fate }] of all.entries()) {
          const tries = fate === "too large" ? 0 : attempts;
          for (let attempt = 0; attempt < tries; attempt += 1) counter.onAttempt(index);
          if (fate === "acknowledged") counter.onEnd(index, acknowledged(`shard-${index % 3}`));
          else if (fate === "unanswered") counter.onEnd(index, unanswered(reason("reset")));
          else if (fate === "abandoned") counter.onEnd(index, ABANDONED);
          else counter.onEnd(index, refused(reason("no")));
        }
        const number = (...fates: Fate[]) => all.filter(({ fate }) => fates.includes(fate)).length;
        expect(counter.sent).to.equal(all.length);
        expect(counter.acknowledged).to.equal(number("acknowledged"));
        expect(counter.refused).to.equal(number("refused", "too large"));
        expect(counter.unknown).to.equal(number("unanswered", "abandoned"));
        const byShard = [...counter.acknowledgedByShard.values()].reduce((sum, count) => sum + count, 0);
        expect(byShard).to.equal(counter.acknowledged);
      }),
    );
  });

  it("keeps the most common reasons, and at most 20 others", () => {
    const counter = new SendCounter();
    for (let index = 0; index < 100; index += 1)
      counter.onEnd(index, refused(reason(index % 2 === 0 ? "often" : `rare ${index}`)));
    expect(counter.reasons.refused.ranked[0]).to.deep.equal(["often", 50]);
    expect(counter.reasons.refused.ranked).to.have.length.at.most(21);
    expect(fateFindings(counter, "arn")[0]).to.include({ code: "events-refused", severity: "error" });
  });
});

describe("the outcome of sending", () => {
  const found = (severity: "error" | "undetermined" | "warning") => [
    { code: "interrupted" as const, severity, message: "", where: "", remedy: "" },
  ];

  it("is decided by what the preflight found wrong, and by what happened on the way", () => {
    expect(sendOutcome([], [])).to.equal("sent");
    expect(sendOutcome(found("warning"), found("warning"))).to.equal("sent");
    expect(sendOutcome(found("undetermined"), [])).to.equal("sent");
    expect(sendOutcome([], found("undetermined"))).to.equal("undecided");
    expect(sendOutcome([], [...found("undetermined"), ...found("error")])).to.equal("failed");
    expect(sendOutcome(found("error"), [])).to.equal("failed");
  });
});
