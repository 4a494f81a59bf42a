import * as pulumi from "@pulumi/pulumi";
import type { AmplitudeKinesisDestinationArgs } from "./amplitudeKinesisDestination";
import {
  INPUT_NAMES,
  nameErrors,
  type PropertyName,
  plainErrors,
  RULES,
  type Rule,
  type Values,
} from "./inputRules";
import { isKnown } from "./known";
import { regionErrors } from "./partition";
import { breach, concealed, errorsAt, type PropertyError, reasonOf } from "./propertyError";

/**
 * The component's inputs, checked. What is known is checked at once; what is an Output is checked inside its own
 * chain, so that no resource is made from a bad value.
 *
 * @throws pulumi.InputPropertiesError at once with every known-bad input, each with its property path and the rule
 * that it breaks; the same error from the returned Outputs for what becomes known later.
 */
export function checkedInputs(
  name: string,
  args: AmplitudeKinesisDestinationArgs,
  opts?: pulumi.ComponentResourceOptions,
): AmplitudeKinesisDestinationArgs {
  if (typeof args !== "object" || args === null || Array.isArray(args)) {
    throwAny(name, errorsAt("args", breach(args, "must be a map of the inputs")));
  }
  const isDue = (rule: Rule) => rule.properties.every((property) => isKnown(args[property]));
  const errors = [
    ...unknownProperties(args),
    ...nameErrors(name, args),
    ...plainErrors(args),
    ...regionErrors(opts),
  ];
  for (const rule of RULES.filter(isDue)) errors.push(...rule.check(args));
  throwAny(name, errors);

  const deferred = RULES.filter((rule) => !isDue(rule)).map((rule) => ({
    rule,
    passed: passes(name, rule, args),
  }));
  const gated = Object.entries(args).map(([property, value]) => {
    if (isKnown(value)) return [property, value];
    const gates = deferred
      .filter(({ rule }) => rule.properties.includes(property as PropertyName))
      .map(({ passed }) => passed);
    return [property, property === "alarms" ? gatedInside(value, gates) : gatedBy(value, gates)];
  });
  return Object.fromEntries(gated) as AmplitudeKinesisDestinationArgs;
}

/** Rejects where the rule is broken, once its properties are known; in a preview some may never be. */
function passes(name: string, rule: Rule, args: AmplitudeKinesisDestinationArgs): pulumi.Output<void> {
  const values = Object.fromEntries(rule.properties.map((property) => [property, args[property]]));
  const resolved = pulumi.output(values);
  return resolved.apply(async (known) => {
    const errors = rule.check(known as Values);
    const isSecret = errors.length > 0 && (await pulumi.isSecret(resolved));
    throwAny(name, isSecret ? errors.map(concealed) : errors);
  });
}

function gatedBy(value: unknown, gates: pulumi.Output<void>[]): pulumi.Output<unknown> {
  return pulumi.all([pulumi.output(value), ...gates]).apply(([resolved]) => resolved);
}

/** For an input whose own inputs have to be known by name at once. */
function gatedInside(value: unknown, gates: pulumi.Output<void>[]): Record<string, unknown> {
  const entries = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, inner === undefined ? undefined : gatedBy(inner, gates)]),
  );
}

function throwAny(name: string, broken: PropertyError[]): void {
  if (broken.length === 0) return;
  const errors = broken.map((error) => ({ propertyPath: error.propertyPath, reason: reasonOf(error) }));
  const lines = errors.map(({ propertyPath, reason }) => `  ${propertyPath}: ${reason}`);
  const message = `AmplitudeKinesisDestination "${name}" has ${errors.length} bad input(s):\n${lines.join("\n")}`;
  throw new pulumi.InputPropertiesError({ message, errors });
}

/** A misspelt property would be ignored in silence by callers without type checks. */
function unknownProperties(args: AmplitudeKinesisDestinationArgs): PropertyError[] {
  return Object.keys(args)
    .filter((property) => !INPUT_NAMES.has(property))
    .flatMap((property) => errorsAt(property, `no such input; there are ${[...INPUT_NAMES].join(", ")}`));
}
