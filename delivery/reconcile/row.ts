import { isObject, isSameJson, unique } from "../common/values";
import { EVENT_SCHEMA, type Properties, redact, redactName } from "../events/event";

/** Returns the text that identifies a row: its `uuid`, or else its device and `$insert_id`; undefined without either. */
export function identityOf(row: Properties): string | undefined {
  return isName(row.uuid) ? row.uuid : insertIdOf(row);
}

/** Returns the text that identifies a row by its device and `$insert_id`, or undefined without both. */
export function insertIdOf({ device_id, $insert_id }: Properties): string | undefined {
  return isName(device_id) && isName($insert_id) ? `${device_id}\n${$insert_id}` : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** A hash of 64 bits. */
export interface Hash {
  readonly low: number;
  readonly high: number;
}

/** The hash of a text, in a reusable object because there is one per row. */
export class IdentityHash implements Hash {
  low = 0;
  high = 0;

  /** @param seed Prevents someone who chooses ids from choosing colliding ones. */
  constructor(private readonly seed: number) {}

  /** Sets the hash of a text. */
  of(text: string): this {
    let low = this.seed ^ 0x9e3779b9;
    let high = this.seed ^ 0x85ebca6b;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      low = Math.imul(low ^ unit, 0x9e3779b1);
      high = Math.imul(high ^ unit, 0x5f356495);
      high ^= low >>> 15;
    }
    this.low = mix(low ^ Math.imul(high, 0x27d4eb2f));
    this.high = mix(high ^ Math.imul(low, 0x165667b1));
    return this;
  }
}

/** Spreads every bit over the word. Source: MurmurHash3, `fmix32`. */
export function mix(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

const USER_PROPERTIES = "user_properties";
const TIMES: ReadonlySet<string> = new Set(
  Object.entries(EVENT_SCHEMA.properties).flatMap(([name, schema]) =>
    "pattern" in schema && name !== "uuid" ? name : [],
  ),
);

/**
 * Returns a field's value in the form in which both sides agree. The vendor documents two changes: forwarded user properties
 * are strings, and some tools write timestamps with a `T`.
 */
function normalized(name: string, value: unknown): unknown {
  if (typeof value === "string") return isTime(name, value) ? normalizedTime(value) : value;
  if (name !== USER_PROPERTIES || !isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asString(each)]));
}

const DASH = 0x2d;

/** Looks at the value first, because that is cheaper. */
function isTime(name: string, value: string): boolean {
  return value.charCodeAt(4) === DASH && TIMES.has(name);
}

const NORMAL_LENGTH = "2025-07-17 10:36:28.583000".length;

function normalizedTime(value: string): string {
  if (value.length === NORMAL_LENGTH && value[10] === " ") return value;
  const parts = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,9})?Z?$/.exec(value);
  return parts === null ? value : `${parts[1]} ${parts[2]}${(parts[3] ?? ".").padEnd(7, "0")}`;
}

function asString(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Returns a hash of a row's normalized fields, 32 bits. The order of fields is irrelevant. */
export function contentHash(row: Properties): number {
  let sum = 0;
  for (const name in row) {
    const value = row[name];
    const seed = nameHash(name);
    if (value === null) sum = (sum + (seed ^ NULL)) | 0;
    else if (name === USER_PROPERTIES && isObject(value))
      sum = (sum + mix(userPropertiesHash(value, seed))) | 0;
    else sum = (sum + mix(valueHash(normalized(name, value), seed))) | 0;
  }
  return mix(sum);
}

/** Equals the hash of the normalized value, without an object in between. */
function userPropertiesHash(properties: Properties, seed: number): number {
  let sum = seed ^ DICTIONARY;
  for (const name in properties) sum = (sum + mix(textHash(asString(properties[name]), nameHash(name)))) | 0;
  return sum;
}

/** Distinguish values of different types with the same text. */
const NULL = 0x6e756c6c;
const NUMBER = 0x6e756d62;
const TRUE = 0x74727565;
const FALSE = 0x66616c73;
const LIST = 0x6c697374;
const DICTIONARY = 0x64696374;

/** @param seed Hash of the field's name, so that two fields can't exchange their values. */
function valueHash(value: unknown, seed: number): number {
  if (value === null) return seed ^ NULL;
  if (typeof value === "string") return textHash(value, seed);
  if (typeof value === "number") return textHash(String(value), seed ^ NUMBER);
  if (typeof value === "boolean") return seed ^ (value ? TRUE : FALSE);
  if (Array.isArray(value)) {
    let list = seed ^ LIST;
    for (const item of value) list = mix(list + valueHash(item, seed));
    return list;
  }
  let sum = seed ^ DICTIONARY;
  const properties = value as Properties;
  for (const name in properties) sum = (sum + mix(valueHash(properties[name], nameHash(name)))) | 0;
  return sum;
}

const nameHashes = new Map<string, number>();
/** Names whose hashes are kept. A row may have made-up names. */
const MAX_NAMES = 10_000;

function nameHash(name: string): number {
  const known = nameHashes.get(name);
  if (known !== undefined) return known;
  const hash = mix(textHash(name, 0x811c9dc5));
  if (nameHashes.size < MAX_NAMES) nameHashes.set(name, hash);
  return hash;
}

/** Source: FNV-1a, with UTF-16 units in place of bytes. */
function textHash(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash ^ text.length;
}

/** A field that differs, with its redacted values. */
export interface DifferentField {
  field: string;
  sample: [exported: string, streamed: string];
}

/** Returns the fields in which two rows differ, down to the properties of dictionaries such as `event_properties`. */
export function differentFields(exported: Properties, streamed: Properties): DifferentField[] {
  const ours = normalizedRow(exported);
  const theirs = normalizedRow(streamed);
  return differentNames(ours, theirs).flatMap((name) => {
    const one = ours[name];
    const other = theirs[name];
    if (!isObject(one) || !isObject(other)) return [differentField(name, one, other)];
    return differentNames(one, other).map((key) => differentField(`${name}.${key}`, one[key], other[key]));
  });
}

function normalizedRow(row: Properties): Properties {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, normalized(name, value)]));
}

function differentNames(one: Properties, other: Properties): string[] {
  const names = unique([...Object.keys(one), ...Object.keys(other)]);
  return names.filter((name) => !isSameJson(one[name], other[name]));
}

function differentField(name: string, exported: unknown, streamed: unknown): DifferentField {
  const shown = (value: unknown) => (value === undefined ? "absent" : redact(value));
  return { field: redactName(name), sample: [shown(exported), shown(streamed)] };
}
