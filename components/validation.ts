import * as pulumi from "@pulumi/pulumi";
import type { AmplitudeKinesisDestinationArgs } from "./args";

/** Facts about the stream and the role that the provider determines. */
export type Place = "region" | "accountId";
export type InputName = keyof AmplitudeKinesisDestinationArgs | Place;
/** Inputs with all Outputs resolved. Their types are not checked yet. */
export type Values = Partial<Record<InputName, unknown>>;

/** A rule over the named inputs, all of which are resolved when it runs. */
export interface Rule {
  inputs: InputName[];
  check(values: Values): PropertyError[];
}

/** How a value violates a rule. */
export interface Violation {
  /** The rule, as the predicate of `value` if there is one: `must be 1 to 64 letters`. */
  rule: string;
  /** The value as a message shows it, unless the violation is not about one value. Never shown if it is secret. */
  value?: string | undefined;
}

/** An invalid input: its property path and its violation. */
export interface PropertyError extends Violation {
  propertyPath: string;
}

/** Returns how a value violates a rule, or undefined. */
export type Check = (value: unknown) => Violation | undefined;

/** Returns an empty list if there is no violation. */
export function errorsAt(propertyPath: string, violation: Violation | string | undefined): PropertyError[] {
  if (violation === undefined) return [];
  return [{ propertyPath, ...(typeof violation === "string" ? { rule: violation } : violation) }];
}

/** Returns the violation if there is one. */
export function errorsIf(
  isViolated: boolean,
  propertyPath: string,
  rule: Violation | string,
): PropertyError[] {
  return isViolated ? errorsAt(propertyPath, rule) : [];
}

/** Creates the error of an input that turns out to be invalid when it is used. */
export function inputError(propertyPath: string, reason: string): pulumi.InputPropertiesError {
  return invalidInputs("", [{ propertyPath, reason }]);
}

/** Throws one error that lists every violation, unless there is none. */
export function throwErrors(name: string, violations: PropertyError[]): void {
  if (violations.length === 0) return;
  const errors = violations.map(({ propertyPath, value, rule }) => ({
    propertyPath,
    reason: value === undefined ? rule : `${value} ${rule}`,
  }));
  throw invalidInputs(` "${name}"`, errors);
}

/** Returns an error that is also a RunError, so that Pulumi prints its message without a stack trace. */
function invalidInputs(
  name: string,
  errors: { propertyPath: string; reason: string }[],
): pulumi.InputPropertiesError {
  const lines = errors.map(({ propertyPath, reason }) => `  ${propertyPath}: ${reason}`);
  const count = errors.length === 1 ? "1 invalid input" : `${errors.length} invalid inputs`;
  const message = `AmplitudeKinesisDestination${name} has ${count}:\n${lines.join("\n")}`;
  const error = new pulumi.InputPropertiesError({ message, errors });
  return withFixedMessage(Object.assign(error, new pulumi.RunError(message)));
}

/** Keeps Pulumi from prefixing the message with the name of each property that the error passes: a user knows none of them. */
export function withFixedMessage<E extends Error>(error: E): E {
  const { message } = error;
  return Object.defineProperty(error, "message", { get: () => message, set: () => {} });
}

// --- checks of a value -----------------------------------------------------------------------------------------

export function violation(value: unknown, rule: string): Violation {
  return { value: formatValue(value), rule };
}

export function matching(pattern: RegExp, rule: string): Check {
  return (value) =>
    typeof value === "string" && pattern.test(value) ? undefined : violation(value, `must be ${rule}`);
}

export function integerWithin(min: number, max: number, unit: string): Check {
  return (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : violation(value, `must be an integer from ${min} to ${max} (${unit})`);
}

/** Checks every item of a list and rejects duplicates. A hole counts as an item. */
export function itemErrors(path: string, items: unknown[], check: Check): PropertyError[] {
  const seen = new Set<unknown>();
  return Array.from(items).flatMap((item, index) => {
    const isDuplicate = seen.has(item);
    seen.add(item);
    return errorsAt(`${path}[${index}]`, isDuplicate ? violation(item, "is a duplicate") : check(item));
  });
}

/** Whether the value is a map that is known now. A Date, a Promise or an Output has no inputs to check. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return Object.prototype.toString.call(value) === "[object Object]" && !isDeferred(value);
}

/** Returns how a value violates that it must be of the type, and known at once. */
export function plainViolation(value: unknown, type: string): Violation | string {
  return isDeferred(value)
    ? `must be a plain ${type}, not an Output or a Promise`
    : violation(value, `must be a ${type}`);
}

/** Returns the rule that an unknown name violates. It suggests the name that differs in the fewest characters, up to two. */
export function unknownName(name: string, kind: string, names: Iterable<string>): string {
  const known = [...names];
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${nearest}?`;
  return `unknown ${kind}; ${hint}`;
}

function nearestName(name: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map((each) => ({ each, distance: editDistance(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ distance }) => distance <= 2)
    .sort((one, other) => one.distance - other.distance);
  return nearest?.each;
}

/** Returns the number of characters to insert, remove or replace. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [line, character] of [...one].entries()) {
    const next = [line + 1];
    for (let index = 0; index < other.length; index += 1) {
      const replaced = (row[index] ?? 0) + (character === other[index] ? 0 : 1);
      next.push(Math.min(replaced, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}

/** Formats any value for a message, in at most 80 characters. */
export function formatValue(value: unknown): string {
  const text = textOf(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function textOf(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") return String(value); // JSON has no NaN and no bigint.
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value); // The value contains itself.
  }
}

// --- values that are known later -------------------------------------------------------------------------------

/** Whether the whole value is known later. */
export function isDeferred(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** Inputs whose entries decide which resources there are, so the maps must be known at once. Their values may be Outputs. */
export const NESTED_INPUTS = ["alarms", "guard"] as const satisfies InputName[];

/** Inputs that are maps. */
const MAPS = ["tags", "adopt", ...NESTED_INPUTS] as string[];

/** Returns the values without those that are null, which Pulumi's resources take for "not set", also inside a map. */
export function withoutNull(values: Values): Values {
  const withoutUnset = (map: object) =>
    Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null && value !== undefined));
  const entries = Object.entries(values).map(([input, value]) => [
    input,
    MAPS.includes(input) && isMap(value) ? withoutUnset(value) : value,
  ]);
  return withoutUnset(Object.fromEntries(entries));
}

/** Deeper than any input. The rules reject a value that contains itself. */
const MAX_DEPTH = 8;

/** Whether the value and everything in it is known now. */
function isKnown(value: unknown, depth = 0): boolean {
  if (isDeferred(value)) return false;
  if (typeof value !== "object" || value === null || depth >= MAX_DEPTH) return true;
  return Object.values(value).every((inner) => isKnown(inner, depth + 1));
}

/** Removes undefined properties, which a provider treats differently from absent ones. */
export function withoutUndefined<T extends Record<string, unknown>>(
  properties: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Returns the value, or the default if it is undefined. An Output may resolve to undefined. */
export function orDefault<T extends string | number>(
  value: pulumi.Input<T> | undefined,
  defaultValue: T,
): pulumi.Input<T> {
  if (!isDeferred(value)) return value ?? defaultValue;
  return pulumi.output<pulumi.Input<T> | undefined>(value).apply((known) => (known ?? defaultValue) as T);
}

/**
 * Applies the rules: at once if all their inputs are known, otherwise in the chain of each input that a rule names, so
 * that no resource is created from an invalid value.
 *
 * @param errors Errors to report together with those of the rules.
 * @throws pulumi.InputPropertiesError with every invalid input that is known.
 * @returns The inputs. Outputs reject with the same error if they resolve to an invalid value.
 */
export function applyRules(
  name: string,
  args: Values,
  rules: Rule[],
  errors: PropertyError[],
): AmplitudeKinesisDestinationArgs {
  const isDue = (rule: Rule) => rule.inputs.every((input) => isKnown(args[input]));
  throwErrors(name, [...errors, ...rules.filter(isDue).flatMap((rule) => rule.check(args))]);

  const deferred = rules
    .filter((rule) => !isDue(rule))
    .map((rule) => ({ rule, passed: checkWhenKnown(name, rule, args) }));
  const gated = Object.entries(args).map(([input, value]) => {
    if (isKnown(value)) return [input, value];
    const gates = deferred
      .filter(({ rule }) => rule.inputs.includes(input as InputName))
      .map(({ passed }) => passed);
    const isNested = NESTED_INPUTS.some((nested) => nested === input);
    return [input, isNested ? gateEach(value, gates) : gate(input, value, gates)];
  });
  return Object.fromEntries(gated) as AmplitudeKinesisDestinationArgs;
}

/** Rejects if the rule is violated, once its inputs are known. In a preview they may stay unknown. */
export function checkWhenKnown(name: string, rule: Rule, args: Values): pulumi.Output<void> {
  const values = Object.fromEntries(rule.inputs.map((input) => [input, args[input]]));
  const resolved = pulumi.output(values);
  return resolved.apply(async (known) => {
    const errors = rule.check(withoutNull(known as Values));
    const isSecret = errors.length > 0 && (await pulumi.isSecret(resolved));
    throwErrors(name, isSecret ? errors.map(redact) : errors);
  });
}

function redact(error: PropertyError): PropertyError {
  return error.value === undefined ? error : { ...error, value: "a secret value" };
}

function gate(input: string, value: unknown, gates: pulumi.Output<void>[]): pulumi.Output<unknown> {
  return pulumi
    .all([pulumi.output(value), ...gates])
    .apply(([resolved]) => withoutNull({ [input]: resolved })[input as InputName]);
}

/** Gates each entry, for an input whose entries must be known by name at once. */
function gateEach(value: unknown, gates: pulumi.Output<void>[]): Record<string, unknown> {
  const entries = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(entries.map(([key, inner]) => [key, gate(key, inner, gates)]));
}
