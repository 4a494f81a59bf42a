import { createHash } from "node:crypto";
import { type CheckFailure, type Properties, UNKNOWN } from "./properties";

export interface NameRule {
  /** Maximum number of characters. */
  longest: number;
  /** Allowed characters. */
  characters: RegExp;
  /** Whether `namePrefix` can be given instead of a name. */
  hasPrefix: boolean;
}

/** The engine's proposal for a name, from `pulumi:autonaming`. */
export interface Autonaming {
  proposedName: string;
  mode: "propose" | "enforce" | "disable";
}

export interface NameRequest {
  rule: NameRule;
  /** The resource's name in the program. */
  logicalName: string;
  news: Properties;
  olds: Properties;
  seed: Uint8Array;
  autonaming?: Autonaming | undefined;
}

export type Naming =
  | { kind: "given"; failures: CheckFailure[] }
  | { kind: "generated"; name: string; failures: CheckFailure[] };

/** Checks an explicit name. Without one, it keeps the last generated name or generates one. */
export function nameOf({ rule, logicalName, news, olds, seed, autonaming }: NameRequest): Naming {
  if (news.namePrefix !== undefined && rule.hasPrefix)
    return { kind: "given", failures: prefixFailures(rule, news) };
  if (news.name !== undefined) return { kind: "given", failures: nameFailures(rule, news.name) };
  const generated = generatedBefore(olds) ?? proposed(logicalName, seed, autonaming);
  if (generated === undefined) {
    return {
      kind: "given",
      failures: [{ property: "name", reason: "automatic naming is disabled: set a name" }],
    };
  }
  return { kind: "generated", name: generated, failures: nameFailures(rule, generated) };
}

function generatedBefore(olds: Properties): string | undefined {
  const wasGenerated = Array.isArray(olds.__defaults) && olds.__defaults.includes("name");
  return wasGenerated && typeof olds.name === "string" ? olds.name : undefined;
}

/** Returns the engine's proposal. Without one, it adds seven hexadecimal digits to the logical name, as the real provider does. */
function proposed(logicalName: string, seed: Uint8Array, autonaming?: Autonaming): string | undefined {
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
