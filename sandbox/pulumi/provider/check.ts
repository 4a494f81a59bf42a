import { type Autonaming, nameOf } from "./naming";
import { type CheckFailure, isEmpty, isKnown, isObject, type Properties } from "./properties";
import type { PropertySpec, ResourceType, ValueType } from "./resourceType";

export interface CheckRequest {
  /** The resource's name in the program. */
  logicalName: string;
  /** The program's inputs. */
  news: Properties;
  /** The checked inputs of the last update; empty for a new resource. */
  olds: Properties;
  /** Seed of generated names. */
  seed: Uint8Array;
  autonaming?: Autonaming | undefined;
}

export interface Checked {
  /** With the real provider's defaults; `__defaults` names the properties that the program left to the provider. */
  inputs: Properties;
  failures: CheckFailure[];
}

/** Checks the inputs. An unsupported property is a failure, because the state would record it as applied. */
export function check(type: ResourceType, request: CheckRequest): Checked {
  const given = Object.fromEntries(
    Object.entries(request.news).filter(
      ([key, value]) => key !== "__defaults" && value !== undefined && value !== null,
    ),
  );
  const inputs = withDocumentsAsText(type, given);
  const failures = Object.keys(inputs).flatMap((key) => propertyFailures(type, key, inputs[key]));
  failures.push(...missing(type, inputs));

  const filledIn = Object.entries(type.properties).filter(
    ([key, spec]) => spec.default !== undefined && inputs[key] === undefined,
  );
  for (const [key, spec] of filledIn) inputs[key] = spec.default;
  const defaults = filledIn.map(([key]) => key);

  if (type.naming !== undefined) {
    const naming = nameOf({ rule: type.naming, ...request, news: inputs });
    failures.push(...naming.failures);
    if (naming.kind === "generated") {
      inputs.name = naming.name;
      defaults.push("name");
    }
  }
  if (failures.length === 0) failures.push(...(type.rules?.(knownOnly(inputs)) ?? []));
  return { inputs: { ...inputs, __defaults: defaults.sort() }, failures };
}

function propertyFailures(type: ResourceType, key: string, value: unknown): CheckFailure[] {
  const spec = type.properties[key];
  if (spec === undefined) {
    return [
      { property: key, reason: `the sandbox's provider does not support property ${key} of ${type.token}` },
    ];
  }
  if (!isKnown(value) || isOfType(spec.type, value)) return [];
  return [{ property: key, reason: `${JSON.stringify(value)} must be ${WORDS[spec.type]}` }];
}

function missing(type: ResourceType, inputs: Properties): CheckFailure[] {
  const isMissing = ([key, spec]: [string, PropertySpec]) => spec.required === true && isEmpty(inputs[key]);
  return Object.entries(type.properties)
    .filter(isMissing)
    .map(([key]) => ({ property: key, reason: `missing required property ${key}` }));
}

const WORDS: Record<ValueType, string> = {
  string: "a string",
  number: "a number",
  boolean: "true or false",
  stringSet: "a list of strings",
  stringMap: "a map of strings",
  policyDocument: "a policy document in JSON",
  object: "an object",
};

function isOfType(type: ValueType, value: unknown): boolean {
  if (type === "stringSet") return Array.isArray(value) && value.every((item) => typeof item === "string");
  if (type === "stringMap")
    return isObject(value) && Object.values(value).every((item) => typeof item === "string");
  if (type === "object") return isObject(value);
  if (type === "policyDocument") return typeof value === "string" && isJsonObject(value);
  return typeof value === type;
}

function isJsonObject(value: string): boolean {
  try {
    return isObject(JSON.parse(value));
  } catch {
    return false;
  }
}

function withDocumentsAsText(type: ResourceType, inputs: Properties): Properties {
  const entries = Object.entries(inputs).map(([key, value]) => {
    const isDocument = type.properties[key]?.type === "policyDocument" && isObject(value) && isKnown(value);
    return [key, isDocument ? JSON.stringify(value) : value];
  });
  return Object.fromEntries(entries);
}

function knownOnly(inputs: Properties): Properties {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => isKnown(value)));
}
