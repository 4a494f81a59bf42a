import * as pulumi from "@pulumi/pulumi";
import { errorsAt, type PropertyError, refusal } from "./propertyError";

const OTHER_PARTITION = /^(cn|us-gov|us-iso[a-z]?|eu-isoe|eusc)-/;
const REASON =
  "Amplitude's account is in the partition aws: no role of China, GovCloud, the European Sovereign Cloud or an isolated region can trust it";

/**
 * Refuses a region from which Amplitude can't be trusted, where the region is known at once: it is the default provider's.
 */
export function regionErrors(opts: pulumi.ComponentResourceOptions | undefined): PropertyError[] {
  if (opts?.provider !== undefined || opts?.providers !== undefined || opts?.parent !== undefined) return [];
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const region = new pulumi.Config("aws").get("region") ?? AWS_REGION ?? AWS_DEFAULT_REGION ?? "";
  return OTHER_PARTITION.test(region) ? errorsAt("aws:region", `${region}: ${REASON}`) : [];
}

/**
 * The same of the provider that a component was given, itself or by a parent: undefined once its region is good. A
 * provider of another language's program doesn't tell its region: the stream's ARN does, once it is made.
 *
 * @throws pulumi.InputPropertiesError from the Output for a region from which Amplitude can't be trusted.
 */
export function checkedRegion(component: pulumi.Resource): pulumi.Output<undefined> {
  const provider: RegionalProvider | undefined = component.getProvider("aws:kinesis/stream:Stream");
  return pulumi.output(provider?.region).apply((region) => {
    if (region !== undefined && OTHER_PARTITION.test(region)) {
      throw refusal("provider", `its region is ${region}: ${REASON}`);
    }
    return undefined;
  });
}

interface RegionalProvider extends pulumi.ProviderResource {
  region?: pulumi.Output<string | undefined>;
}

/**
 * Only an ARN that names another partition is refused: the mocks of a stack's unit tests make ARNs of any form.
 *
 * @throws pulumi.InputPropertiesError for a stream of another partition: no policy is made for it.
 */
export function inPartition(streamArn: string): string {
  if (!/^arn:aws-[a-z-]+:/.test(streamArn)) return streamArn;
  throw refusal("region", `${streamArn}: ${REASON}`);
}
