import { expect } from "chai";
import fc from "fast-check";
import { type Remaining, runSchedule } from "../../../../delivery/cli/fleet/run";
import type { CustomerOutcome } from "../../../../delivery/fleet/report";

const OUTCOMES: CustomerOutcome[] = ["succeeded", "failed", "undecided"];

/** A run of a schedule: customers in the order in which they started, and how many ran at once. */
interface Observed extends Remaining {
  started: string[];
  atOnce: number;
}

interface Plan {
  outcomes: CustomerOutcome[];
  delays: number[];
  parallel: number;
  canary: number;
  maxFailures: number;
  /** Number of customers that end before the run is aborted. */
  abortAfter: number;
}

const plans: fc.Arbitrary<Plan> = fc
  .array(fc.tuple(fc.constantFrom(...OUTCOMES, "succeeded" as const), fc.nat(5)), { maxLength: 30 })
  .chain((customers) =>
    fc.record({
      outcomes: fc.constant(customers.map(([outcome]) => outcome)),
      delays: fc.constant(customers.map(([, delay]) => delay)),
      parallel: fc.integer({ min: 1, max: 8 }),
      canary: fc.nat(5),
      maxFailures: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(Infinity)),
      abortAfter: fc.oneof(fc.nat(30), fc.constant(Infinity)),
    }),
  );

async function observe(plan: Plan): Promise<Observed> {
  const controller = new AbortController();
  const started: string[] = [];
  let running = 0;
  let atOnce = 0;
  let ended = 0;
  const run = async (stack: string) => {
    started.push(stack);
    atOnce = Math.max(atOnce, ++running);
    for (let turn = 0; turn <= (plan.delays[Number(stack)] ?? 0); turn++) await Promise.resolve();
    running--;
    if (++ended >= plan.abortAfter) controller.abort();
    return plan.outcomes[Number(stack)] ?? "failed";
  };
  const stacks = plan.outcomes.map((_, index) => String(index));
  const remaining = await runSchedule(stacks, run, { ...plan, signal: controller.signal });
  expect(running).to.equal(0);
  return { ...remaining, started, atOnce };
}

describe("The schedule of a fleet", () => {
  const failuresAmong = (plan: Plan, stacks: string[]) =>
    stacks.filter((stack) => plan.outcomes[Number(stack)] !== "succeeded").length;

  it("starts every customer once or names it as remaining, never more than --parallel at once", () =>
    fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { started, stacks, reason, atOnce } = await observe(plan);
        expect([...started, ...stacks]).to.deep.equal(plan.outcomes.map((_, index) => String(index)));
        expect(atOnce).to.be.at.most(plan.parallel);
        expect(reason === null).to.equal(stacks.length === 0);
      }),
    ));

  it("starts the others only after all canaries have succeeded", () =>
    fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { started, reason } = await observe(plan);
        const canaries = started.slice(0, plan.canary);
        if (failuresAmong(plan, canaries) > 0) expect(started.length).to.be.at.most(plan.canary);
        if (reason === "canary") expect(failuresAmong(plan, canaries)).to.be.at.least(1);
      }),
    ));

  it("starts none after --max-failures or an abort, except those that start at the same time", () =>
    fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { started, stacks, reason } = await observe(plan);
        expect(failuresAmong(plan, started)).to.be.at.most(plan.maxFailures + plan.parallel - 1);
        expect(started.length).to.be.at.most(plan.abortAfter + plan.parallel);
        if (reason === "max-failures") expect(failuresAmong(plan, started)).to.be.at.least(plan.maxFailures);
        const isFree = plan.canary === 0 && plan.maxFailures === Infinity && plan.abortAfter === Infinity;
        if (isFree) expect(stacks).to.deep.equal([]);
      }),
    ));
});
