import { createHash } from "node:crypto";
import { isObject, type Json } from "./upload";

export interface DeliveryFaultOptions {
  /** Rows with the same seed and uuid have the same faults. */
  seed: string;
  /** Share of the rows that never reach the stream, 0–1. */
  dropped?: number;
  /** Share of the rows that are delayed by up to `maxDelayMs`, 0–1. */
  delayed?: number;
  maxDelayMs?: number;
  /** Share of the rows that are written twice, 0–1. */
  doubled?: number;
  /** Share of the copies with another value in one field, 0–1. */
  changed?: number;
  /** Share of the copies in another documented form, 0–1: user properties as strings, timestamps with a `T`. */
  restyled?: number;
  /** Event types that the destination's filter leaves out. */
  filteredTypes?: readonly string[];
}

/** The truth about one copy of a row. */
export interface CopyTruth {
  /** Name of the field with another value, or undefined if there is none. */
  changedField: string | undefined;
  isRestyled: boolean;
  /** Milliseconds since 1970-01-01 UTC, or undefined until it is written. */
  writtenAt: number | undefined;
}

/** The truth about one row that the destination received. */
export interface RowTruth {
  uuid: string;
  eventType: string;
  fate: "sent" | "dropped" | "filtered";
  copies: CopyTruth[];
}

/** A copy of a row that has to be written. */
export interface RowCopy {
  row: Json;
  delayMs: number;
  truth: CopyTruth;
}

/** Fields whose value a fault may change, with the change. */
const CHANGES: Record<string, (value: unknown) => unknown> = {
  city: (value) => `not ${value}`,
  session_id: (value) => Number(value) + 1,
  event_properties: (value) => ({ ...(isObject(value) ? value : {}), added: true }),
  event_time: () => "2001-01-01 00:00:00.000000",
  platform: () => undefined,
};
const CHANGED_FIELDS = Object.keys(CHANGES);

/** Faults of the way to the stream, drawn by a seed, and the truth about them. */
export class DeliveryFaults {
  readonly truths: RowTruth[] = [];

  constructor(private readonly options: DeliveryFaultOptions) {}

  isFiltered({ event_type: eventType }: Json): boolean {
    return this.options.filteredTypes?.includes(String(eventType)) ?? false;
  }

  /** Logs the row, and returns its copies; there are none if the row is dropped or filtered. */
  copiesOf(row: Json): RowCopy[] {
    const { dropped, doubled } = this.options;
    const [uuid, eventType] = [String(row.uuid), String(row.event_type)];
    const fate = this.isFiltered(row)
      ? "filtered"
      : this.#isDrawn(dropped, uuid, "dropped")
        ? "dropped"
        : "sent";
    const count = fate !== "sent" ? 0 : this.#isDrawn(doubled, uuid, "doubled") ? 2 : 1;
    const copies = Array.from({ length: count }, (_, copy) => this.#copy(row, uuid, copy));
    this.truths.push({ uuid, eventType, fate, copies: copies.map(({ truth }) => truth) });
    return copies;
  }

  /** Logs that a logged copy is written once more. */
  another(copy: CopyTruth): CopyTruth {
    const again = { ...copy };
    this.truths.find(({ copies }) => copies.includes(copy))?.copies.push(again);
    return again;
  }

  #copy(row: Json, uuid: string, copy: number): RowCopy {
    const { seed, changed, restyled, delayed, maxDelayMs = 60_000 } = this.options;
    const changedField = this.#isDrawn(changed, uuid, "changed", copy)
      ? CHANGED_FIELDS[Math.floor(draw(seed, uuid, "field", copy) * CHANGED_FIELDS.length)]
      : undefined;
    const isRestyled = this.#isDrawn(restyled, uuid, "restyled", copy);
    const delayMs = this.#isDrawn(delayed, uuid, "delayed", copy)
      ? draw(seed, uuid, "delay", copy) * maxDelayMs
      : 0;
    const changedRow = changedField === undefined ? row : withChange(row, changedField);
    return {
      row: isRestyled ? inOtherForm(changedRow) : changedRow,
      delayMs: Math.round(delayMs),
      truth: { changedField, isRestyled, writtenAt: undefined },
    };
  }

  #isDrawn(share: number | undefined, ...parts: (string | number)[]): boolean {
    return draw(this.options.seed, ...parts) < (share ?? 0);
  }
}

function withChange(row: Json, field: string): Json {
  const value = CHANGES[field]?.(row[field]);
  const { [field]: _, ...others } = row;
  return value === undefined ? others : { ...row, [field]: value };
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{6})$/;

/** Sources: "All forwarded user properties are sent as strings", Event Streaming; timestamps with a `T`, some tools. */
function inOtherForm(row: Json): Json {
  const fields = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === "string" ? value.replace(TIMESTAMP, "$1T$2") : value,
  ]);
  const { user_properties: properties } = row;
  return {
    ...Object.fromEntries(fields),
    ...(isObject(properties) && {
      user_properties: Object.fromEntries(
        Object.entries(properties).map(([name, value]) => [
          name,
          typeof value === "string" ? value : JSON.stringify(value),
        ]),
      ),
    }),
  };
}

/**
 * Returns a number in [0, 1) that depends only on the seed and the parts. Neither the time nor earlier draws change it, so
 * that a seed repeats.
 */
export function draw(seed: string, ...parts: (string | number)[]): number {
  const digest = createHash("sha256").update(JSON.stringify([seed, ...parts]));
  return Number.parseInt(digest.digest("hex").slice(0, 12), 16) / 2 ** 48;
}
