import { deviceIdOf, exportRow, groupsOf } from "./exportRow";
import { type IngestedEvent, isObject, type Json, type Upload } from "./upload";

/** Source: HTTP V2 API, "Event deduplication". */
const DEDUPLICATED_MS = 7 * 24 * 3600 * 1000;
/** An Amplitude id is a long: https://amplitude.com/docs/apis/analytics/export. */
const FIRST_AMPLITUDE_ID = 45_975_551_000;

export interface ProjectOptions {
  /** The project's id, which every row carries. */
  app: number;
  /** Generates ids of rows, and of events without an insert id. */
  newUuid: () => string;
}

export interface Reception {
  path: string;
  /** Milliseconds since 1970-01-01 UTC. */
  receivedAt: number;
}

/** Users and events of one project. New events in an upload become rows, in order. */
export class Project {
  readonly #seen = new Map<string, number>();
  readonly #users = new Map<string, { amplitudeId: number; properties: Json }>();
  readonly #groups = new Map<string, number>();
  #deduplicated = 0;

  constructor(private readonly options: ProjectOptions) {}

  /** Number of events omitted as duplicates. */
  get eventsDeduplicated(): number {
    return this.#deduplicated;
  }

  take({ events, clientUploadTime }: Upload, { path, receivedAt }: Reception): Json[] {
    const uploaded = Date.parse(clientUploadTime ?? "");
    const clientUploadedAt = Number.isNaN(uploaded) ? receivedAt : uploaded;
    return events
      .filter((event) => this.#isNew(event, receivedAt))
      .map((event) => {
        const user = this.#userOf(event);
        user.properties = withProperties(user.properties, event.user_properties);
        return exportRow(event, {
          app: this.options.app,
          amplitudeId: user.amplitudeId,
          uuid: this.options.newUuid(),
          insertId: this.options.newUuid(),
          path,
          receivedAt,
          processedAt: receivedAt + 1,
          clientUploadedAt,
          userProperties: { ...user.properties },
          groupIds: this.#groupIds(event),
        });
      });
  }

  /** The same insert id from the same device within seven days is the same event; one without an insert id is new. */
  #isNew(event: IngestedEvent, now: number): boolean {
    if (typeof event.insert_id !== "string") return true;
    const key = JSON.stringify([deviceIdOf(event), event.insert_id]);
    const before = this.#seen.get(key);
    if (before !== undefined && now - before < DEDUPLICATED_MS) {
      this.#deduplicated += 1;
      return false;
    }
    this.#seen.set(key, now);
    return true;
  }

  #userOf(event: IngestedEvent) {
    const key = event.user_id === undefined ? `device ${deviceIdOf(event)}` : `user ${event.user_id}`;
    const user = this.#users.get(key) ?? {
      amplitudeId: FIRST_AMPLITUDE_ID + this.#users.size,
      properties: {},
    };
    this.#users.set(key, user);
    return user;
  }

  #groupIds(event: IngestedEvent): Record<string, number[]> {
    const ids = Object.entries(groupsOf(event)).map(([type, values]) => [
      this.#numberOf(type),
      values.map((value) => this.#numberOf(`${type} ${String(value)}`)),
    ]);
    return Object.fromEntries(ids);
  }

  #numberOf(group: string): number {
    const number = this.#groups.get(group) ?? 3_000 + this.#groups.size;
    this.#groups.set(group, number);
    return number;
  }
}

/** Computes a property's new value. */
type Operation = (before: unknown, operand: unknown) => unknown;

/** Source: Identify API, "Supported operations"; the order is the one in which they are applied. */
const OPERATIONS: Record<string, Operation> = {
  $set: (_before, value) => value,
  $setOnce: (before, value) => before ?? value,
  $add: (before, value) => Number(before ?? 0) + Number(value),
  $append: (before, value) => [...listOf(before), ...listOf(value)],
  $prepend: (before, value) => [...listOf(value), ...listOf(before)],
  $preInsert: (before, value) => [...without(listOf(value), before), ...listOf(before)],
  $postInsert: (before, value) => [...listOf(before), ...without(listOf(value), before)],
  $remove: (before, value) => listOf(before).filter((item) => !listOf(value).includes(item)),
};

/** Returns the properties after those of an event or an identify call. Plain ones count as `$set`. */
export function withProperties(before: Json, change: unknown): Json {
  if (!isObject(change)) return before;
  if ("$clearAll" in change) return {};
  const after: Json = { ...before };
  for (const [operation, apply] of Object.entries(OPERATIONS)) {
    for (const [name, operand] of Object.entries(operandsOf(change, operation)))
      after[name] = apply(after[name], operand);
  }
  for (const name of Object.keys(operandsOf(change, "$unset"))) delete after[name];
  return after;
}

function operandsOf(change: Json, operation: string): Json {
  const plain = Object.fromEntries(Object.entries(change).filter(([name]) => !name.startsWith("$")));
  const named = change[operation];
  return { ...(operation === "$set" ? plain : {}), ...(isObject(named) ? named : {}) };
}

function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function without(values: unknown[], present: unknown): unknown[] {
  return values.filter((value) => !listOf(present).includes(value));
}
