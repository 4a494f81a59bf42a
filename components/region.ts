import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity";
import { getRegion } from "@pulumi/aws/getRegion";
import * as pulumi from "@pulumi/pulumi";
import { errorsAt, inputError, type PropertyError } from "./validation";

const OTHER_PARTITION = /^(cn|us-gov|us-iso[a-z]?|eu-isoe|eusc)-/;
const REASON =
  "Amplitude's account is in the partition aws, which a role in China, GovCloud, the European Sovereign Cloud or an isolated region can't trust";

/** Returns the default provider's region if it is known at once: from the configuration, otherwise from the environment. */
export function configuredRegion(opts: pulumi.ComponentResourceOptions | undefined): string | undefined {
  if (opts?.provider !== undefined || opts?.providers !== undefined || opts?.parent !== undefined) {
    return undefined;
  }
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  return new pulumi.Config("aws").get("region") || AWS_REGION || AWS_DEFAULT_REGION || undefined;
}

/** Rejects a region that is known at once if a role there can't trust Amplitude. */
export function regionErrors(region: string | undefined): PropertyError[] {
  return region !== undefined && OTHER_PARTITION.test(region)
    ? errorsAt("aws:region", `${region}: ${REASON}`)
    : [];
}

/**
 * Returns the region of the component's provider. It asks the provider only if neither the program nor the configuration
 * states the region. A profile of the shared AWS files may name it, and a program in another language hides it.
 *
 * @returns An Output that rejects with pulumi.InputPropertiesError if a role in the region can't trust Amplitude. It is
 * undefined if the provider does not tell it, as under the mocks of unit tests.
 */
export function resolveRegion(component: pulumi.Resource): pulumi.Output<string | undefined> {
  const provider: RegionalProvider | undefined = component.getProvider("aws:kinesis/stream:Stream");
  const stated = provider === undefined ? configuredRegion(undefined) : provider.region;
  const region: pulumi.Output<string | undefined> = pulumi
    .output<string | undefined>(stated)
    .apply(async (known) => known ?? (await regionOfProvider(component)));
  return region.apply((known) => {
    if (known !== undefined && OTHER_PARTITION.test(known)) {
      throw inputError("provider", `its region is ${known}: ${REASON}`);
    }
    return known;
  });
}

/** Returns undefined if the provider can't tell: creating the first resource then fails with the provider's own message. */
async function regionOfProvider(component: pulumi.Resource): Promise<string | undefined> {
  try {
    return (await getRegion({}, { parent: component })).region;
  } catch {
    return undefined;
  }
}

interface RegionalProvider extends pulumi.ProviderResource {
  region?: pulumi.Output<string | undefined>;
}

/** Returns the account that the component's provider creates resources in. */
export function resolveAccount(parent: pulumi.Resource): pulumi.Output<string> {
  return getCallerIdentityOutput({}, { parent }).accountId;
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

// --- an existing stream --------------------------------------------------------------------------------------------

/** Outputs of a stream that the component needs, whether it is new or existing. */
export interface StreamFacts {
  arn: pulumi.Output<string>;
  name: pulumi.Output<string>;
  region: pulumi.Output<string>;
}

/** ARN of a data stream. Its groups are the region, the account and the name. */
export const STREAM_ARN = /^arn:aws:kinesis:([a-z0-9-]+):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/;

/**
 * Returns an existing stream's Outputs, which resolve once its account is known to be the role's.
 * They reject with pulumi.InputPropertiesError for a stream in another account or partition.
 */
export function resolveExistingStream(
  streamArn: pulumi.Input<string> | undefined,
  parent: pulumi.Resource,
): StreamFacts | undefined {
  if (streamArn === undefined) return undefined;
  const arn = pulumi
    .all([streamArn, resolveAccount(parent)])
    .apply(([given, own]) => requireAccount(requireAwsPartition(given), own));
  const part = (index: number) => arn.apply((known) => STREAM_ARN.exec(known)?.[index] ?? "");
  return { arn, region: part(1), name: part(3) };
}

/** @throws pulumi.InputPropertiesError if another account owns the stream. */
export function requireAccount(streamArn: string, accountId: string): string {
  const owner = STREAM_ARN.exec(streamArn)?.[2];
  if (owner === accountId) return streamArn;
  const reason =
    `the stream is not in the role's account ${accountId}: Amplitude receives only the stream's name, and looks for ` +
    "it in the role's account. Deploy with credentials for the stream's account";
  throw inputError("existingStreamArn", reason);
}
