/** What a `DeliveryError` is about: stable, for programs. */
export type DeliveryErrorCode =
  | "settings"
  | "credentials"
  | "source"
  | "no-events"
  | "too-many-events"
  | "run-file"
  | "report";

/**
 * Every error that this module throws on purpose. `message` says what is wrong, where, and what to do next, and never
 * holds a credential.
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

/** Wrong usage or settings: nothing was sent, and trying again without a change can't help. */
export class SettingsError extends DeliveryError {
  /** The class's name. */
  override readonly name: string = "SettingsError";

  constructor(message: string, options?: { cause?: unknown }) {
    super("settings", message, options);
  }
}

/** An event source that can't be read at all (a single broken line is reported, not thrown). */
export class SourceError extends DeliveryError {
  /** The class's name. */
  override readonly name: string = "SourceError";

  constructor(message: string, options?: { cause?: unknown }) {
    super("source", message, options);
  }
}

/** A report that can't be written, or a file that is not one. What it reports on stands. */
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
