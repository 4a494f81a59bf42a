import { AwsError } from "../protocol";

/** The parameters of a query request: `RoleName=…`, lists as `Tags.member.1.Key=…`. */
export class Parameters {
  readonly #form: URLSearchParams;

  constructor(body: string) {
    this.#form = new URLSearchParams(body);
  }

  optional(name: string): string | undefined {
    return this.#form.get(name) ?? undefined;
  }

  required(name: string): string {
    const value = this.optional(name);
    if (value) return value;
    throw invalid(name, "Member must not be null");
  }

  integer(name: string): number | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    if (/^\d+$/.test(value)) return Number(value);
    throw invalid(name, "Member must be an integer");
  }

  /** The list's values, in the order of their numbers: `Name.member.1`, `Name.member.2`, … */
  list(name: string): string[] {
    const values: string[] = [];
    for (let number = 1; ; number++) {
      const value = this.optional(`${name}.member.${number}`);
      if (value === undefined) return values;
      values.push(value);
    }
  }

  /** The list's structures, each readable as parameters of its own. */
  structures(name: string): Parameters[] {
    const structures: Parameters[] = [];
    for (let number = 1; ; number++) {
      const prefix = `${name}.member.${number}.`;
      const fields = [...this.#form].filter(([field]) => field.startsWith(prefix));
      if (fields.length === 0) return structures;
      const form = new URLSearchParams(
        fields.map(([field, value]): [string, string] => [field.slice(prefix.length), value]),
      );
      structures.push(new Parameters(form.toString()));
    }
  }

  /** @throws AwsError for a parameter that would change the outcome and that this server would ignore. */
  refuse(...names: string[]): void {
    for (const name of names) {
      const isGiven = [...this.#form.keys()].some((key) => key === name || key.startsWith(`${name}.`));
      if (isGiven)
        throw new AwsError("ValidationError", `The sandbox does not support the parameter ${name}.`);
    }
  }
}

export function invalid(member: string, constraint: string): AwsError {
  const name = member.charAt(0).toLowerCase() + member.slice(1);
  return new AwsError(
    "ValidationError",
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: ${constraint}`,
  );
}
