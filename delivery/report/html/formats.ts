const COUNT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const SHORT_COUNT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const THREE_DIGITS = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

/** Formats a count, such as `12,345`. */
export function count(number: number): string {
  return COUNT.format(number);
}

/** Formats a count for a chart's axis, such as `12.3K`. */
export function shortCount(number: number): string {
  return SHORT_COUNT.format(number);
}

/** Formats seconds to three digits in a suitable unit: `250 ms`, `1.25 s`, `3 min`, `2 h`. */
export function duration(seconds: number): string {
  if (seconds === 0) return "0 s";
  if (seconds < 1) return `${THREE_DIGITS.format(seconds * 1000)} ms`;
  if (seconds < 120) return `${THREE_DIGITS.format(seconds)} s`;
  if (seconds < 7_200) return `${THREE_DIGITS.format(seconds / 60)} min`;
  return `${THREE_DIGITS.format(seconds / 3_600)} h`;
}

/** Formats an ISO 8601 time in UTC as `2026-01-05 00:00:00 UTC`. */
export function utc(time: string): string {
  return `${time.slice(0, 19).replace("T", " ")} UTC`;
}
