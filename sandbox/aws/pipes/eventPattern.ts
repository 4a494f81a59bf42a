import { isObject, type Json } from "../protocol";

/** A condition on the values of one field. `exists` false holds if there is no value. */
type Condition = { equals: Literal } | { exceptFor: readonly Literal[] } | { exists: boolean };
type Literal = string | number | boolean | null;

/** Conditions by the path of a field, such as `data.app`. All fields must match, by one of their conditions each. */
export type EventPattern = ReadonlyMap<string, readonly Condition[]>;

/**
 * Parses the part of the pattern language that the sandbox evaluates: literals, `anything-but` and `exists`.
 *
 * @throws Error that says what is malformed or not evaluated.
 */
export function parsePattern(text: string): EventPattern {
  const pattern = new Map<string, Condition[]>();
  collect(parsedObject(text), "", pattern);
  if (pattern.size === 0) throw new Error("Event pattern is empty");
  return pattern;
}

function parsedObject(text: string): Json {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed)) return parsed;
  } catch {
    // Falls through to the error below.
  }
  throw new Error("Event pattern is not valid JSON object");
}

function collect(fields: Json, prefix: string, pattern: Map<string, Condition[]>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (isObject(value)) collect(value, `${prefix}${name}.`, pattern);
    else if (Array.isArray(value) && value.length > 0) pattern.set(prefix + name, value.map(conditionOf));
    else throw new Error(`"${prefix}${name}" must be an object or a list of conditions`);
  }
}

function conditionOf(value: unknown): Condition {
  if (isLiteral(value)) return { equals: value };
  const [[operator, operand] = [], ...others] = isObject(value) ? Object.entries(value) : [];
  if (others.length === 0 && operator === "exists" && typeof operand === "boolean")
    return { exists: operand };
  if (others.length === 0 && operator === "anything-but") {
    const values = Array.isArray(operand) ? operand : [operand];
    const isUniform = new Set(values.map((each) => typeof each)).size === 1;
    if (isUniform && values.every((each) => typeof each === "string" || typeof each === "number")) {
      return { exceptFor: values };
    }
  }
  throw new Error(`The sandbox does not evaluate the condition ${JSON.stringify(value)}`);
}

/** Whether the event matches. A list stands for its values, at any depth, and an empty list or object for none. */
export function matches(pattern: EventPattern, event: unknown): boolean {
  const values = new Map<string, Literal[]>();
  flatten(event, "", values);
  return [...pattern].every(([path, conditions]) => {
    const found = values.get(path) ?? [];
    return conditions.some((condition) => holds(condition, found));
  });
}

function holds(condition: Condition, values: Literal[]): boolean {
  if ("exists" in condition) return values.length > 0 === condition.exists;
  if ("equals" in condition) return values.includes(condition.equals);
  return values.some((value) => !condition.exceptFor.includes(value));
}

function flatten(value: unknown, path: string, values: Map<string, Literal[]>): void {
  if (Array.isArray(value)) for (const item of value) flatten(item, path, values);
  else if (isObject(value)) {
    for (const [name, inner] of Object.entries(value))
      flatten(inner, path === "" ? name : `${path}.${name}`, values);
  } else if (isLiteral(value)) values.set(path, [...(values.get(path) ?? []), value]);
}

function isLiteral(value: unknown): value is Literal {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}
