import { isEmpty, isKnown, isObject, object, type Properties, parsedJson } from "./properties";
import type { PropertySpec, ResourceType } from "./resourceType";

export interface PropertyDifference {
  /** Path of the property, such as `tags.team`. */
  path: string;
  property: string;
  kind: "add" | "delete" | "update";
  replaces: boolean;
}

export interface Difference {
  properties: PropertyDifference[];
  /** Whether the old resource must be deleted first, because two resources can't have the same chosen name. */
  deleteBeforeReplace: boolean;
}

/** Returns the differences between the checked inputs and the state. */
export function diff(type: ResourceType, state: Properties, inputs: Properties): Difference {
  const properties = Object.entries(type.properties).flatMap(([property, spec]) =>
    differences(property, spec, state[property], inputs[property]),
  );
  const isReplaced = properties.some(({ replaces }) => replaces);
  const isNameFree = properties.some(({ property }) => property === "name") || !hasChosenName(type, inputs);
  return { properties, deleteBeforeReplace: isReplaced && !isNameFree };
}

function hasChosenName(type: ResourceType, inputs: Properties): boolean {
  const isGenerated = Array.isArray(inputs.__defaults) && inputs.__defaults.includes("name");
  return type.naming !== undefined && inputs.name !== undefined && !isGenerated;
}

function differences(
  property: string,
  spec: PropertySpec,
  old: unknown,
  wanted: unknown,
): PropertyDifference[] {
  if (spec.computed === true && wanted === undefined) return [];
  if (isSame(spec, old, wanted)) return [];
  const replaces = spec.replaces === true;
  if (spec.type !== "stringMap" || !isKnown(wanted))
    return [{ path: property, property, kind: kindOf(old, wanted), replaces }];
  const [before, after] = [object({ old }, "old"), object({ wanted }, "wanted")];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => before[key] !== after[key])
    .map((key) => ({
      path: pathOf(property, key),
      property,
      kind: kindOf(before[key], after[key]),
      replaces,
    }));
}

/** Whether two values of a property mean the same to the service. */
export function isSame(spec: PropertySpec, old: unknown, wanted: unknown): boolean {
  if (isEmpty(old) && isEmpty(wanted)) return true;
  if (spec.type === "policyDocument") return areSamePolicies(old, wanted);
  if (spec.type === "stringSet") return canonical(sortedList(old)) === canonical(sortedList(wanted));
  return canonical(old) === canonical(wanted);
}

function kindOf(old: unknown, wanted: unknown): PropertyDifference["kind"] {
  if (old === undefined) return "add";
  return wanted === undefined ? "delete" : "update";
}

function pathOf(property: string, key: string): string {
  return /^\w+$/.test(key) ? `${property}.${key}` : `${property}[${JSON.stringify(key)}]`;
}

function sortedList(value: unknown): unknown {
  return Array.isArray(value) ? [...value].sort() : value;
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner) => (isObject(inner) ? sortedKeys(inner) : inner)) ?? "";
}

function sortedKeys(value: Properties): Properties {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Whether two policy documents have the same meaning: IAM returns a document with its keys in another order, a list of one
 * as a plain string, and an account's id as the ARN of its root.
 */
export function areSamePolicies(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  const [first, second] = [one, other].map((text) =>
    typeof text === "string" ? parsedJson(text) : undefined,
  );
  if (first === undefined || second === undefined) return false;
  return canonical(normal(first)) === canonical(normal(second));
}

function normal(document: unknown): unknown {
  if (!isObject(document)) return document;
  const statements = listOf(document.Statement).map((statement) => normalStatement(statement));
  return { ...document, Statement: sorted(statements) };
}

function normalStatement(statement: unknown): unknown {
  if (!isObject(statement)) return statement;
  const entries = Object.entries(statement).map(([key, value]) => [key, normalElement(key, value)]);
  return Object.fromEntries(entries);
}

function normalElement(key: string, value: unknown): unknown {
  if (key === "Principal" || key === "NotPrincipal") return normalPrincipal(value);
  if (key === "Condition" && isObject(value))
    return mapped(value, (keys) => (isObject(keys) ? mapped(keys, values) : keys));
  if (key === "Sid" || key === "Effect") return value;
  return values(value);
}

function normalPrincipal(value: unknown): unknown {
  if (!isObject(value)) return value === "*" ? { AWS: ["*"] } : value;
  return mapped(value, (principals) => sorted(listOf(principals).map(accountAsRoot)));
}

function accountAsRoot(principal: unknown): string {
  const written = String(principal);
  return /^\d{12}$/.test(written) ? `arn:aws:iam::${written}:root` : written;
}

const values = (value: unknown) => sorted(listOf(value).map(String));

function listOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function mapped(value: Properties, change: (inner: unknown) => unknown): Properties {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]));
}

function sorted(items: unknown[]): unknown[] {
  return [...items].sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
}
