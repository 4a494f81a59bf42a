import { writeDigits } from "./digits";

/** `2025-07-17 10:36:28.583000`, UTC, as exports write it. @param milliseconds since 1970, a whole number; years 0 to 9999. */
export function amplitudeTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("T", " ").replace("Z", "000");
}

const DAY = 86_400_000;
const DATE_LENGTH = "2025-07-17".length;
/** Of a day with an even number and of one with an odd one: the times of events around midnight are of both. */
const knownDays = [0, 1].map(() => ({ number: Number.NaN, date: new Uint8Array(DATE_LENGTH) }));

/**
 * Writes the digits of a timestamp over those of another one; what is alike in all timestamps is left alone. The last days'
 * dates are kept: `toISOString` for each of them would cost more than all else that makes an event up.
 */
export function writeTimestamp(memory: Uint8Array, at: number, milliseconds: number): void {
  const day = Math.floor(milliseconds / DAY);
  const date = dateOf(day);
  for (let place = 0; place < DATE_LENGTH; place += 1) memory[at + place] = date[place] as number;
  // Whole numbers below 2^31, and said to be: the processor reckons with those several times as fast.
  const ofDay = (milliseconds - day * DAY) | 0;
  const seconds = (ofDay / 1_000) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  writeDigits(memory, at + 11, hours, 2);
  writeDigits(memory, at + 14, minutes - hours * 60, 2);
  writeDigits(memory, at + 17, seconds - minutes * 60, 2);
  writeDigits(memory, at + 20, ofDay - seconds * 1_000, 3);
}

function dateOf(day: number): Uint8Array {
  const known = knownDays[day & 1] as (typeof knownDays)[number];
  if (known.number !== day) {
    known.number = day;
    known.date = Buffer.from(amplitudeTimestamp(day * DAY).slice(0, DATE_LENGTH));
  }
  return known.date;
}
