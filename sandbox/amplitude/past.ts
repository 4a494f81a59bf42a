import { setTimeout as sleep } from "node:timers/promises";
import { DeliveryFaults } from "./deliveryFaults";
import type { KinesisDestination } from "./destination";
import type { LocalAmplitude } from "./server";

/** An hour of the past, which the Export API already has, and the truth about its delivery. */
export interface PastHour {
  /** UTC: `2026-11-27T10`. */
  hour: string;
  events: number;
  /** Events of a type that the destination's filter leaves out. */
  filtered: number;
  /** Other events that never reached the stream. */
  dropped: number;
  doubled: number;
  changed: number;
}

const HOUR_MS = 3_600_000;
const EVENTS = 400;
const TYPES = ["Page Viewed", "Order Placed", "Song Played", "Tooltip Shown"];
const FAULTS = {
  seed: "past",
  dropped: 0.02,
  doubled: 0.02,
  changed: 0.02,
  filteredTypes: ["Tooltip Shown"],
};

/** Lets events of three hours ago reach the stream now, with seeded faults. */
export async function deliverPastHour(
  amplitude: LocalAmplitude,
  destination: KinesisDestination,
): Promise<PastHour> {
  const start = (Math.floor(Date.now() / HOUR_MS) - 3) * HOUR_MS;
  const faults = new DeliveryFaults(FAULTS);
  destination.faults = faults;
  for (let number = 0; number < EVENTS; number += 1) {
    const event = {
      event_type: TYPES[number % TYPES.length] ?? "",
      user_id: `user-${number % 20}`,
      event_properties: { price: number },
      user_properties: { visits: number % 7 },
    };
    amplitude.receivePast(event, start + Math.floor((number / EVENTS) * HOUR_MS));
  }
  destination.faults = undefined;
  while (destination.waiting > 0) await sleep(20);
  const count = (is: (truth: (typeof faults.truths)[number]) => boolean) => faults.truths.filter(is).length;
  return {
    hour: new Date(start).toISOString().slice(0, 13),
    events: EVENTS,
    filtered: count(({ fate }) => fate === "filtered"),
    dropped: count(({ fate }) => fate === "dropped"),
    doubled: count(({ copies }) => copies.length > 1),
    changed: count(({ copies }) => copies.some(({ changedField }) => changedField !== undefined)),
  };
}
