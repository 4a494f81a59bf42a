import * as pulumi from "@pulumi/pulumi";
import { errorsAt, inputError, type PropertyError } from "./validation";

const OTHER_PARTITION = /^(cn|us-gov|us-iso[a-z]?|eu-isoe|eusc)-/;
const REASON =
  "Amplitude's account is in the partition aws, which a role in China, GovCloud, the European Sovereign Cloud or an isolated region can't trust";

/** Rejects the default provider's region, which is known at once, if a role there can't trust Amplitude. */
export function regionErrors(opts: pulumi.ComponentResourceOptions | undefined): PropertyError[] {
  if (opts?.provider !== undefined || opts?.providers !== undefined || opts?.parent !== undefined) return [];
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const region = new pulumi.Config("aws").get("region") ?? AWS_REGION ?? AWS_DEFAULT_REGION ?? "";
  return OTHER_PARTITION.test(region) ? errorsAt("aws:region", `${region}: ${REASON}`) : [];
}

/**
 * Validates the region of the provider that the component or its parent received. A provider from a program in another
 * language hides its region; there `requireAwsPartition` rejects the ARN of the created stream.
 *
 * @returns An Output that rejects with pulumi.InputPropertiesError if a role in the region can't trust Amplitude.
 */
export function validateRegion(component: pulumi.Resource): pulumi.Output<undefined> {
  const provider: RegionalProvider | undefined = component.getProvider("aws:kinesis/stream:Stream");
  return pulumi.output(provider?.region).apply((region) => {
    if (region !== undefined && OTHER_PARTITION.test(region)) {
      throw inputError("provider", `its region is ${region}: ${REASON}`);
    }
    return undefined;
  });
}

interface RegionalProvider extends pulumi.ProviderResource {
  region?: pulumi.Output<string | undefined>;
}

/**
 * Returns the ARN, which may have any form, because the mocks in a stack's unit tests make up ARNs.
 *
 * @throws pulumi.InputPropertiesError if the ARN names another partition.
 */
export function requireAwsPartition(streamArn: string): string {
  if (!/^arn:aws-[a-z-]+:/.test(streamArn)) return streamArn;
  throw inputError("region", `${streamArn}: ${REASON}`);
}
