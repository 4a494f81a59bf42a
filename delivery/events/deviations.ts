import type { ErrorObject, ValidateFunction } from "ajv";
import { EVENT_SCHEMA, type Properties } from "./event";
import { redact, redactName } from "./redact";

/** One way in which a row differs from the documentation. */
export interface Deviation {
  /** The field's name, redacted if needed. */
  field: string;
  /** The difference, without a value of the event: `is missing`, `is a string, not an integer`. */
  problem: string;
  /** The redacted value: `"9999-99-99A99:99"`. Absent if the field is missing. */
  sample?: string;
}

/** Loads Ajv with its first use, so that only commands that check events pay for it. */
const ajv = (): typeof import("ajv") => require("ajv");
let compiled: ValidateFunction | undefined;

function validator(): ValidateFunction {
  compiled ??= new (ajv().Ajv)({ allErrors: true, allowUnionTypes: true }).compile(EVENT_SCHEMA);
  return compiled;
}

/** Compares a row with Amplitude's documented shape. Names and values of properties are the customer's and not compared. */
export function findDeviations(row: Properties): Deviation[] {
  const validate = validator();
  if (validate(row)) return [];
  return (validate.errors ?? []).map((error) => deviationFrom(row, error));
}

function deviationFrom(row: Properties, { keyword, params, instancePath }: ErrorObject): Deviation {
  if (keyword === "required") return { field: String(params.missingProperty), problem: "is missing" };
  if (keyword === "additionalProperties") {
    const name = String(params.additionalProperty);
    return { field: redactName(name), problem: "is not documented", sample: redact(row[name]) };
  }
  // No field of the schema contains `/` or `~`, which a JSON pointer would escape.
  const field = instancePath.slice(1);
  const value = row[field];
  const problem =
    keyword === "type" ? `is ${describeType(value)}, not ${describeTypes(params.type)}` : describeForm(field);
  return { field, problem, sample: redact(value) };
}

const NAMES: Record<string, string> = {
  array: "a list",
  boolean: "a boolean",
  integer: "an integer",
  null: "null",
  number: "a number",
  object: "a dictionary",
  string: "a string",
};

function describeType(value: unknown): string {
  if (value === null) return "null";
  return NAMES[Array.isArray(value) ? "array" : typeof value] ?? typeof value;
}

function describeTypes(types: unknown): string {
  const names = (Array.isArray(types) ? types : [types]).map((type) => NAMES[String(type)] ?? String(type));
  return names.filter((name) => names.length === 1 || name !== "null").join(" or ");
}

function describeForm(field: string): string {
  if (field === "event_type") return "is empty";
  return field === "uuid" ? "isn't a UUID" : "isn't a timestamp like YYYY-MM-DD HH:MM:SS.ffffff";
}
