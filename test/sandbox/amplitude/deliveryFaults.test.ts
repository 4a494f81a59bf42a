import { expect } from "chai";
import { DeliveryFaults } from "../../../sandbox/amplitude/deliveryFaults";

const ROWS = Array.from({ length: 400 }, (_, number) => ({
  uuid: `uuid-${number}`,
  event_type: number % 10 === 0 ? "Filtered" : "Sent",
  event_time: "2026-01-05 09:00:00.000000",
  city: "A",
  session_id: 5,
  platform: "Web",
  event_properties: { price: 1 },
  user_properties: { paying: true, plan: "gold", list: [1] },
}));
const ALL = {
  seed: "1",
  dropped: 0.1,
  delayed: 0.1,
  maxDelayMs: 5_000,
  doubled: 0.1,
  changed: 0.1,
  restyled: 0.1,
};

describe("faults on the way to the stream", () => {
  it("log the truth about every row", () => {
    const faults = new DeliveryFaults({ ...ALL, filteredTypes: ["Filtered"] });
    const copies = ROWS.flatMap((row) => faults.copiesOf(row));
    const { truths } = faults;
    expect(truths.map(({ uuid }) => uuid)).to.deep.equal(ROWS.map(({ uuid }) => uuid));
    const count = (is: (truth: (typeof truths)[number]) => boolean) => truths.filter(is).length;
    expect(count(({ fate }) => fate === "filtered")).to.equal(40);
    expect(count(({ fate }) => fate === "dropped")).to.be.within(12, 60);
    expect(count((truth) => truth.copies.length === 2)).to.be.within(12, 60);
    expect(truths.flatMap((truth) => truth.copies)).to.deep.equal(copies.map(({ truth }) => truth));
    for (const { row, delayMs, truth } of copies) {
      const original = ROWS.find(({ uuid }) => uuid === row.uuid);
      const { changedField, isRestyled } = truth;
      const differing = Object.entries(original ?? {})
        .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(row[name]))
        .map(([name]) => name);
      const restyled = isRestyled ? ["event_time", "user_properties"] : [];
      expect(new Set(differing)).to.deep.equal(
        new Set([...(changedField ? [changedField] : []), ...restyled]),
      );
      expect(delayMs).to.be.within(0, 5_000);
    }
  });

  it("send user properties as strings and timestamps with a T in the other documented form", () => {
    const faults = new DeliveryFaults({ seed: "1", restyled: 1 });
    const [row] = ROWS.slice(0, 1).flatMap((one) => faults.copiesOf(one));
    expect(row?.row).to.deep.include({
      event_time: "2026-01-05T09:00:00.000000",
      user_properties: { paying: "true", plan: "gold", list: "[1]" },
      city: "A",
    });
  });

  it("are the same for the same seed and uuid, in any order", () => {
    const copiesFrom = (rows: typeof ROWS, seed: string) => {
      const faults = new DeliveryFaults({ ...ALL, seed });
      return new Map(rows.map((row) => [row.uuid, JSON.stringify(faults.copiesOf(row))]));
    };
    expect(copiesFrom([...ROWS].reverse(), "1")).to.deep.equal(copiesFrom(ROWS, "1"));
    expect(copiesFrom(ROWS, "2")).not.to.deep.equal(copiesFrom(ROWS, "1"));
  });

  it("change nothing without shares", () => {
    const faults = new DeliveryFaults({ seed: "1" });
    expect(ROWS.flatMap((row) => faults.copiesOf(row)).map(({ row }) => row)).to.deep.equal(ROWS);
  });
});
