import { createHash } from "node:crypto";
import {
  type CheckFailure,
  isEmpty,
  isKnown,
  isObject,
  type Properties,
  parsedJson,
  UNKNOWN,
} from "./properties";
import type { NameRule, PropertySpec, ResourceType, ValueType } from "./resourceType";

/** The engine's proposal for a name, from `pulumi:autonaming`. */
export interface Autonaming {
  proposedName: string;
  mode: "propose" | "enforce" | "disable";
}

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
    const naming = nameOf(type.naming, inputs, request);
    failures.push(...naming.failures);
    if (naming.generated !== undefined) {
      inputs.name = naming.generated;
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
  const { words, holds } = TYPES[spec.type];
  if (!isKnown(value) || holds(value)) return [];
  return [{ property: key, reason: `${JSON.stringify(value)} must be ${words}` }];
}

function missing(type: ResourceType, inputs: Properties): CheckFailure[] {
  const isMissing = ([key, spec]: [string, PropertySpec]) => spec.required === true && isEmpty(inputs[key]);
  return Object.entries(type.properties)
    .filter(isMissing)
    .map(([key]) => ({ property: key, reason: `missing required property ${key}` }));
}

const isText = (value: unknown) => typeof value === "string";

const TYPES: Record<ValueType, { words: string; holds(value: unknown): boolean }> = {
  string: { words: "a string", holds: isText },
  number: { words: "a number", holds: (value) => typeof value === "number" },
  boolean: { words: "true or false", holds: (value) => typeof value === "boolean" },
  stringSet: { words: "a list of strings", holds: (value) => Array.isArray(value) && value.every(isText) },
  stringMap: {
    words: "a map of strings",
    holds: (value) => isObject(value) && Object.values(value).every(isText),
  },
  policyDocument: {
    words: "a policy document in JSON",
    holds: (value) => typeof value === "string" && isObject(parsedJson(value)),
  },
  object: { words: "an object", holds: isObject },
};

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

interface Naming {
  /** A new name, or one that was generated before. */
  generated?: string;
  failures: CheckFailure[];
}

/** Checks an explicit name. Without one, it keeps the last generated name or generates one. */
function nameOf(rule: NameRule, inputs: Properties, request: CheckRequest): Naming {
  if (inputs.namePrefix !== undefined && rule.hasPrefix) return { failures: prefixFailures(rule, inputs) };
  if (inputs.name !== undefined) return { failures: nameFailures(rule, inputs.name) };
  const generated = generatedBefore(request.olds) ?? proposed(request);
  return generated === undefined
    ? { failures: [{ property: "name", reason: "automatic naming is disabled: set a name" }] }
    : { generated, failures: nameFailures(rule, generated) };
}

function generatedBefore(olds: Properties): string | undefined {
  const wasGenerated = Array.isArray(olds.__defaults) && olds.__defaults.includes("name");
  return wasGenerated && typeof olds.name === "string" ? olds.name : undefined;
}

/** Returns the engine's proposal. Without one, it adds seven hexadecimal digits to the logical name, as the real provider does. */
function proposed({ logicalName, seed, autonaming }: CheckRequest): string | undefined {
  if (autonaming?.mode === "disable") return undefined;
  if (autonaming !== undefined) return autonaming.proposedName;
  return `${logicalName}-${createHash("sha256").update(seed).update(logicalName).digest("hex").slice(0, 7)}`;
}

function nameFailures(rule: NameRule, name: unknown): CheckFailure[] {
  if (name === UNKNOWN || typeof name !== "string") return [];
  const failures = [];
  if (name.length < 1 || name.length > rule.longest) {
    failures.push({
      property: "name",
      reason: `${JSON.stringify(name)} has ${name.length} characters; 1 to ${rule.longest} are allowed`,
    });
  }
  if ([...name].some((character) => !rule.characters.test(character))) {
    failures.push({
      property: "name",
      reason: `${JSON.stringify(name)} may hold ${rule.characters.source} only`,
    });
  }
  return failures;
}

/** Returns Terraform's unique suffix: the creation time and a counter, 26 characters in all. */
const SUFFIX_LENGTH = 26;
let suffixesMade = 0;

function prefixFailures(rule: NameRule, { name, namePrefix }: Properties): CheckFailure[] {
  const longest = rule.longest - SUFFIX_LENGTH;
  if (name !== undefined) return [{ property: "namePrefix", reason: "conflicts with name" }];
  if (typeof namePrefix !== "string" || namePrefix.length <= longest) return [];
  return [
    { property: "namePrefix", reason: `has ${namePrefix.length} characters; at most ${longest} are allowed` },
  ];
}

export function nameFromPrefix(prefix: string, now: Date): string {
  const time = now.toISOString().replace(/\D/g, "").slice(0, 17).padEnd(18, "0");
  const counter = (++suffixesMade).toString(16).padStart(8, "0");
  return `${prefix}${time}${counter}`;
}
