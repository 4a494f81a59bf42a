import { isObject, type Json } from "./upload";

/** What one operation makes of a property's value. */
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

/** The properties after an event's or an identify call's: plain ones count as `$set`. */
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
