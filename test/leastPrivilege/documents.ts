import { renderedInputs } from "../components/rendered";
import type { Variant } from "./contractTable";

/** A statement as anybody might write it: mutations break its form too. */
export type Statement = Record<string, unknown>;

export interface PolicyDocument {
  Version?: string;
  Statement: Statement[];
}

/** The documents that decide what Amplitude may do. */
export interface Documents {
  trust: PolicyDocument;
  write: PolicyDocument;
  /** The stream's own policy, where it has one. */
  streamPolicy?: PolicyDocument;
}

const rendered = new Map<Variant, Promise<Documents>>();

/** The documents as the component hands them to AWS; rendered once for each variant. */
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
 * The documents of the vendor's page, word for word, with the customer's names filled in.
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

/** The values of an element that may be one string or a list. */
export function listed(value: unknown): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
