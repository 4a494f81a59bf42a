/*
 * The package's version, and limits and defaults that more than one module, or a module and its documents, state.
 */

/** A test compares it with package.json, which the published code does not read. */
export const VERSION = "0.1.0";

/** Highest number of events that a generator, `--events` and `watch --until` accept. */
export const MAX_EVENTS = 1_000_000_000;

/** Reading starts this long before the run, by the service's clock, because arrival times are not exact. */
export const READ_MARGIN_MS = 10_000;

/** How long a stream may take to be read up to the end of a wait or an interruption. */
export const GRACE_MS = 10_000;

/** Default time to wait for a further event after the last one, in `verify`. */
export const DEFAULT_TIMEOUT_SECONDS = 120;

/** Default time that a new role, policy or stream may take to propagate. */
export const DEFAULT_PROPAGATION_SECONDS = 90;

/** Default share of the shards' capacity that a run uses. The rest is left to other writers and readers. */
export const DEFAULT_CAPACITY_SHARE = 0.5;

/**
 * Amplitude's documented 95th percentile of the time from receiving an event until its delivery.
 * Source: Amplitude, event streaming, "Latency".
 */
export const DOCUMENTED_P95_SECONDS = 60;

/** Largest report or file of outputs that is read. A report of 70,000 shards has this size. */
export const MAX_INPUT_BYTES = 8 * 1024 * 1024;

/** Longest text of a finding, in characters. A longer one is cut. */
export const MAX_TEXT_LENGTH = 10_000;

/** Shortest retention that a stream should have. Source: AWS Security Hub, Kinesis.3. */
export const MIN_RETENTION_HOURS = 168;
