import * as pulumi from "@pulumi/pulumi";

/** A bad input: where it is, and the rule that it breaks. */
export interface PropertyError {
  propertyPath: string;
  /** The rule, in words that follow the value's where there is one: `must be 1 to 64 letters`. */
  rule: string;
  /** The value for a message, where the rule is of one: never shown where it is secret. */
  value?: string | undefined;
}

/** What a check finds: the rule, and the value that breaks it. */
export type Breach = Omit<PropertyError, "propertyPath">;

/** None where there is no breach. */
export function errorsAt(propertyPath: string, breach: Breach | string | undefined): PropertyError[] {
  if (breach === undefined) return [];
  return [{ propertyPath, ...(typeof breach === "string" ? { rule: breach } : breach) }];
}

/** The reason that is given for an error. */
export function reasonOf({ value, rule }: PropertyError): string {
  return value === undefined ? rule : `${value} ${rule}`;
}

/** The one error of an input that shows to be bad where it is used. */
export function refusal(propertyPath: string, reason: string): pulumi.InputPropertiesError {
  return new pulumi.InputPropertiesError({ message: reason, errors: [{ propertyPath, reason }] });
}

/** The error without what might tell a secret. */
export function concealed(error: PropertyError): PropertyError {
  return error.value === undefined ? error : { ...error, value: "a secret value" };
}

/** How a value breaks a rule, or undefined. */
export type Check = (value: unknown) => Breach | undefined;

export function matching(pattern: RegExp, rule: string): Check {
  return (value) =>
    typeof value === "string" && pattern.test(value) ? undefined : breach(value, `must be ${rule}`);
}

export function integerWithin(least: number, most: number, what: string): Check {
  return (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : breach(value, `must be a whole number of ${what} from ${least} to ${most}`);
}

/** The errors of a list's items, none of which may be there twice. A hole is an item. */
export function itemErrors(path: string, items: unknown[], check: Check): PropertyError[] {
  const seen = new Set<unknown>();
  return Array.from(items).flatMap((item, index) => {
    const isRepeated = seen.has(item);
    seen.add(item);
    return errorsAt(`${path}[${index}]`, isRepeated ? breach(item, "is there twice") : check(item));
  });
}

export function breach(value: unknown, rule: string): Breach {
  return { value: shown(value), rule };
}

/** The value for a message, whatever it is. */
export function shown(value: unknown): string {
  const text = textOf(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function textOf(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") return String(value); // JSON has no NaN and no bigint.
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value); // It holds itself.
  }
}
