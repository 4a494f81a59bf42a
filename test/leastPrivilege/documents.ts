import { renderedInputs } from "../components/rendered";
import type { Variant } from "./contractTable";

/** A statement of any form, because mutations also break its form. */
export type Statement = Record<string, unknown>;

export interface PolicyDocument {
  Version?: string;
  Statement: Statement[];
}

/** The documents that determine Amplitude's permissions. */
export interface Documents {
  trust: PolicyDocument;
  write: PolicyDocument;
  /** The stream's policy, if it has one. */
  streamPolicy?: PolicyDocument;
}

const rendered = new Map<Variant, Promise<Documents>>();

/** Returns the documents that the component sends to AWS, rendered once per variant. */
export function documentsOf(variant: Variant): Promise<Documents> {
  const documents = rendered.get(variant) ?? render(variant);
  rendered.set(variant, documents);
  return documents;
}

async function render({ inputs }: Variant): Promise<Documents> {
  const { role, policy, streamPolicy } = await renderedInputs("acme", inputs);
  return {
    trust: JSON.parse(role.assumeRolePolicy),
    write: JSON.parse(policy.policy),
    ...(streamPolicy.policy && { streamPolicy: JSON.parse(streamPolicy.policy) }),
  };
}

/**
 * Returns the documents of the vendor's page verbatim, with the customer's names.
 * Source: Amplitude, "Kinesis Data Stream Event Streaming".
 */
export function vendorDocuments({ streamArn, roleArn }: Variant): Documents {
  return {
    trust: {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::358203115967:root" },
          Action: "sts:AssumeRole",
        },
      ],
    },
    write: {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["kinesis:PutRecord", "kinesis:PutRecords", "iam:SimulatePrincipalPolicy"],
          Resource: [streamArn, roleArn],
        },
      ],
    },
  };
}

/** Returns the values of an element that is a string or a list. */
export function listed(value: unknown): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
