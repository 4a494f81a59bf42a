import type { ErrorObject, ValidateFunction } from "ajv";
import type { Properties } from "./event";
import { EVENT_SCHEMA } from "./eventSchema";
import { masked, shownName } from "./redact";

/** One way in which a row is not as documented. */
export interface Deviation {
  /** The field, as it may be shown. */
  field: string;
  /** What is wrong, in words without a value of the event: `is missing`, `is a string, not an integer`. */
  problem: string;
  /** The form of the value, masked: `"9999-99-99A99:99"`. Absent where there is none. */
  sample?: string;
}

/** Loaded with its first use: a command that looks at no event pays nothing for it. */
const ajv = (): typeof import("ajv") => require("ajv");
let compiled: ValidateFunction | undefined;

function validator(): ValidateFunction {
  compiled ??= new (ajv().Ajv)({ allErrors: true, allowUnionTypes: true }).compile(EVENT_SCHEMA);
  return compiled;
}

/** How a row deviates from Amplitude's documented shape. The names of properties within it are the customer's own. */
export function deviationsOf(row: Properties): Deviation[] {
  const validate = validator();
  if (validate(row)) return [];
  return (validate.errors ?? []).map((error) => deviation(row, error));
}

function deviation(row: Properties, { keyword, params, instancePath }: ErrorObject): Deviation {
  if (keyword === "required") return { field: String(params.missingProperty), problem: "is missing" };
  if (keyword === "additionalProperties") {
    const name = String(params.additionalProperty);
    return { field: shownName(name), problem: "is not documented", sample: masked(row[name]) };
  }
  // The schema's fields have no `/` and no `~`, which a JSON pointer would spell otherwise.
  const field = instancePath.slice(1);
  const value = row[field];
  const problem = keyword === "type" ? `is ${typeOf(value)}, not ${expected(params.type)}` : otherForm(field);
  return { field, problem, sample: masked(value) };
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

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return NAMES[Array.isArray(value) ? "array" : typeof value] ?? typeof value;
}

function expected(types: unknown): string {
  const names = (Array.isArray(types) ? types : [types]).map((type) => NAMES[String(type)] ?? String(type));
  return names.filter((name) => names.length === 1 || name !== "null").join(" or ");
}

function otherForm(field: string): string {
  if (field === "event_type") return "is empty";
  return field === "uuid" ? "is no UUID" : "is no timestamp as YYYY-MM-DD HH:MM:SS.ffffff";
}
