/** Stable identifier of an error, for programs. */
export type DeliveryErrorCode =
  | "settings"
  | "credentials"
  | "source"
  | "no-events"
  | "too-many-events"
  | "run-file"
  | "report";

/**
 * Base class of the errors that this module throws. `message` says what happened, where, and what to do next, and never
 * contains a credential.
 */
export class DeliveryError extends Error {
  /** The class's name. */
  override readonly name: string = "DeliveryError";

  constructor(
    /** Stable; the message may change. */
    readonly code: DeliveryErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Wrong usage or settings. Nothing was sent, and a retry without a change can't help. */
export class SettingsError extends DeliveryError {
  /** The class's name. */
  override readonly name: string = "SettingsError";

  constructor(message: string, options?: { cause?: unknown }) {
    super("settings", message, options);
  }
}

/** An event source that can't be read at all. A single broken line is reported, not thrown. */
export class SourceError extends DeliveryError {
  /** The class's name. */
  override readonly name: string = "SourceError";

  constructor(message: string, options?: { cause?: unknown }) {
    super("source", message, options);
  }
}

/** A report that can't be written, or a file that isn't a report. The verdict itself stands. */
export class ReportError extends DeliveryError {
  /** The class's name. */
  override readonly name: string = "ReportError";

  constructor(message: string, options?: { cause?: unknown }) {
    super("report", message, options);
  }
}

/** Returns the message of something thrown, or its text if it isn't an error. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
