import { AwsError } from "../protocol";

const VARIABLE = /<([^<>]*)>/g;
const PATH = /^\$((?:\.[A-Za-z0-9_-]+)+)$/;

/**
 * Checks a template that is JSON with variables as values. The sandbox has only variables of the form `<$.path>`.
 *
 * Source: AWS, EventBridge User Guide, "Amazon EventBridge Pipes input transformation".
 *
 * @throws AwsError
 */
export function checkTemplate(template: string): void {
  for (const [, variable = ""] of template.matchAll(VARIABLE)) {
    if (!PATH.test(variable)) throw refusal(`the sandbox doesn't know the variable <${variable}>`);
  }
  try {
    // Within a string, the quotes of the replacement make the JSON invalid.
    JSON.parse(template.replaceAll(VARIABLE, '["variable"]'));
  } catch {
    throw refusal("the sandbox supports only JSON with variables as values");
  }
}

/** Returns the line for a record. A missing field becomes null, because AWS doesn't document what it becomes. */
export function filled(template: string, record: unknown): string {
  return template.replaceAll(VARIABLE, (_, variable: string) => {
    const [, path = ""] = PATH.exec(variable) ?? [];
    const value = path.slice(1).split(".").reduce<unknown>(fieldOf, record);
    return JSON.stringify(value ?? null);
  });
}

function fieldOf(value: unknown, name: string): unknown {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap ? (value as Record<string, unknown>)[name] : undefined;
}

function refusal(reason: string): AwsError {
  return new AwsError("ValidationException", `TargetParameters.InputTemplate: ${reason}`);
}
