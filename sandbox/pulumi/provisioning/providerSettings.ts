import type { LocalAws } from "../../aws";

/** What anybody sets who points the AWS provider at an endpoint of their own; the keys go apart. */
export function providerSettings({ endpoint, region }: LocalAws) {
  return {
    region,
    endpoints: [{ kinesis: endpoint, iam: endpoint, sts: endpoint, cloudwatch: endpoint }],
    skipCredentialsValidation: true,
    skipMetadataApiCheck: true,
    skipRequestingAccountId: true,
  };
}
