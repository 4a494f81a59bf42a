import { check } from "../../../../sandbox/pulumi/provider/check";
import type { Properties } from "../../../../sandbox/pulumi/provider/properties";
import type { ResourceType } from "../../../../sandbox/pulumi/provider/resourceType";

/** Returns the inputs as the engine passes them to create or update. @throws Error with the failures of the check. */
export function checked(type: ResourceType, logicalName: string, news: Properties): Properties {
  const { inputs, failures } = check(type, { logicalName, news, olds: {}, seed: Buffer.from(logicalName) });
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  return inputs;
}

export function trusting(principal: string): string {
  const statement = { Effect: "Allow", Principal: { AWS: principal }, Action: "sts:AssumeRole" };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

export function allowing(action: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: action, Resource: "*" }],
  });
}

export const AMPLITUDE = "arn:aws:iam::358203115967:root";
