import { expect } from "chai";
import fc from "fast-check";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { UUID_LENGTH, writeUuid } from "../../../../delivery/events/generator/eventIdentity";
import { EventTemplate, LONGEST_EVENT } from "../../../../delivery/events/generator/eventTemplate";
import { type DrawnEvent, drawnEvent, eventRow } from "../../../../delivery/events/generator/generatedEvent";

const LATEST = Date.UTC(10_000) - 1;

/** @returns the event as it is written, and as `JSON.stringify` has it. */
function bothWays(
  drawn: DrawnEvent,
  template: EventTemplate,
  eventNumber: number,
  now: number,
): [string, string] {
  const memory = Buffer.alloc(LONGEST_EVENT + 10, "#");
  const end = template.write(memory, 5, xoroshiro128plus(now), eventNumber, now);
  expect(memory.toString("latin1", 0, 5) + memory.toString("latin1", end)).to.match(/^#+$/);
  const random = xoroshiro128plus(now);
  const id = Buffer.alloc(UUID_LENGTH);
  const [$insert_id, uuid] = ["$insert_id", "uuid"].map(() => {
    writeUuid(id, 0, random, eventNumber);
    return id.toString("latin1");
  }) as [string, string];
  return [
    memory.toString("utf8", 5, end),
    JSON.stringify(eventRow(drawn, { eventNumber, now, $insert_id, uuid })),
  ];
}

describe("The template of generated events", () => {
  const eventNumbers = fc.integer({ min: 0, max: 999_999_999 });
  const times = fc.integer({ min: 0, max: LATEST });

  it("writes the very bytes of JSON.stringify, for any seed, number and time, one after the other", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        eventNumbers,
        fc.array(fc.tuple(eventNumbers, times), { minLength: 1, maxLength: 5 }),
        (seed, place, events) => {
          const drawn = drawnEvent(xoroshiro128plus(seed), place);
          const template = new EventTemplate(drawn);
          for (const [eventNumber, now] of events) {
            const [written, plain] = bothWays(drawn, template, eventNumber, now);
            expect(written).to.equal(plain);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("needs less than four fifths of the memory that it asks for", () => {
    const random = xoroshiro128plus(1);
    for (let place = 0; place < 5_000; place += 1) {
      const template = new EventTemplate(drawnEvent(random, place));
      const end = template.write(Buffer.alloc(LONGEST_EVENT), 0, random, 999_999_999, LATEST);
      expect(end).to.be.below(LONGEST_EVENT * 0.8);
    }
  });
});
