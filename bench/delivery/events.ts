import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

/** About the size of an event of Amplitude's Export API, as JSON. */
const EVENT_BYTES = 1_500;

/** Events as objects: 30 properties of text. */
export function eventObjects(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => {
    const event: Record<string, unknown> = { uuid: randomBytes(16).toString("hex"), event_id: index, app: 1 };
    for (let property = 0; property < 27; property += 1) {
      event[`property_${property}`] = randomBytes(16).toString("hex");
    }
    const missing = EVENT_BYTES - JSON.stringify(event).length - 13;
    return { ...event, padding: "x".repeat(Math.max(0, missing)) };
  });
}

/** Returns one event per line. */
export function readEvents(file: string): Buffer[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .map((line) => Buffer.from(line));
}
