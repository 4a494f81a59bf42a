import type { EngineEvent, Stack } from "@pulumi/pulumi/automation";

/** Updates the stack, and returns the engine's operations on AWS's resources in order, such as `update aws:iam/role:Role`. */
export async function broughtUp(stack: Stack): Promise<string[]> {
  const steps: string[] = [];
  await stack.up({ onEvent: (event) => steps.push(...changeOf(event)) });
  return steps;
}

function changeOf({ resourcePreEvent }: EngineEvent): string[] {
  if (resourcePreEvent === undefined) return [];
  const { op, type } = resourcePreEvent.metadata;
  return op !== "same" && type.startsWith("aws:") ? [`${op} ${type}`] : [];
}
