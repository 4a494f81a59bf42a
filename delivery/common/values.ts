/** Whether a value is an object with named members: neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the values in their order, without duplicates. */
export function unique<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}

/** Whether two JSON values are equal, whatever the order of names. As in JSON's numbers, -0 equals 0. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null)
    return one === other;
  const members = new Map(Object.entries(other));
  return (
    Array.isArray(one) === Array.isArray(other) &&
    Object.keys(one).length === members.size &&
    Object.entries(one).every(([name, value]) => members.has(name) && isSameJson(value, members.get(name)))
  );
}

/** Returns the value that occurs most often, and of several the first. Undefined if there is no value. */
export function mostFrequent<Value>(values: readonly Value[]): Value | undefined {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}

/** Returns an object without its undefined members. */
export function withoutUndefined<Values extends object>(
  values: Values,
): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as ReturnType<typeof withoutUndefined<Values>>;
}

/** Counts items in bounded memory: the first `capacity` different ones separately, all further ones together. */
export class BoundedTally<Item extends object> {
  readonly #counted = new Map<string, Item & { count: number }>();
  /** Number of all further items. */
  others = 0;

  constructor(private readonly capacity: number) {}

  /** @param key Text that tells items apart. The first item of each is kept. */
  add(key: string, item: Item): void {
    const counted = this.#counted.get(key);
    if (counted !== undefined) counted.count += 1;
    else if (this.#counted.size < this.capacity) this.#counted.set(key, { ...item, count: 1 });
    else this.others += 1;
  }

  /** Returns the most common items in order, at most `max`. */
  mostCommon(max: number): (Item & { count: number })[] {
    const ranked = [...this.#counted.values()].sort((one, other) => other.count - one.count);
    return ranked.slice(0, max).map((counted) => ({ ...counted }));
  }
}
