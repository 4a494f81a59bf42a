import { areSamePolicies } from "./policyDocuments";
import type { Properties } from "./properties";
import { isEmpty, isKnown, object } from "./properties";
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
  return (
    JSON.stringify(value, (_key, inner) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? ""
  );
}
