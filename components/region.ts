import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity";
import { getRegion } from "@pulumi/aws/getRegion";
import * as pulumi from "@pulumi/pulumi";
import { ACTION_ARN, BOUNDARY_ARN, KMS_KEY_ARN, STREAM_ARN } from "./formats";
import {
  errorsAt,
  errorsIf,
  inputError,
  isMap,
  NESTED_INPUTS,
  type PropertyError,
  type Rule,
  type Values,
  violation,
} from "./validation";

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
  return errorsIf(OTHER_PARTITION.test(region ?? ""), "aws:region", `${region}: ${REASON}`);
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

// --- rules on where the resources are ------------------------------------------------------------------------------

/** They run again once the provider's region and account are known. */
export const PLACE_RULES: Rule[] = [
  {
    inputs: ["region", "kmsKeyArn"],
    // Source: AWS, Kinesis API Reference, StartStreamEncryption: the key must be in the stream's region.
    check: ({ region, kmsKeyArn }) => otherRegionErrors("kmsKeyArn", kmsKeyArn, KMS_KEY_ARN, region),
  },
  ...NESTED_INPUTS.map(
    (input): Rule => ({ inputs: ["region", input], check: (values) => actionRegionErrors(input, values) }),
  ),
  { inputs: ["accountId", "permissionsBoundaryArn"], check: boundaryErrors },
];

/** Returns the region in the ARN of an existing stream, if it is known and well-formed. */
export function existingRegion({ existingStreamArn }: Values): string | undefined {
  return groupIn(existingStreamArn, STREAM_ARN);
}

/** Source: AWS, CloudWatch User Guide, "Amazon CloudWatch alarms": an alarm's actions must be in its region. */
function actionRegionErrors(
  input: (typeof NESTED_INPUTS)[number],
  { region, [input]: nested }: Values,
): PropertyError[] {
  const { actionArns } = isMap(nested) ? nested : {};
  const arns = Array.isArray(actionArns) ? Array.from(actionArns) : [];
  return arns.flatMap((arn, index) =>
    otherRegionErrors(`${input}.actionArns[${index}]`, arn, ACTION_ARN, region),
  );
}

/** Skips an ARN that has no region, and a malformed one, which other rules reject. */
function otherRegionErrors(path: string, arn: unknown, pattern: RegExp, region: unknown): PropertyError[] {
  const own = groupIn(arn, pattern);
  if (!own || typeof region !== "string" || own === region) return [];
  return errorsAt(path, violation(arn, `must be in the stream's region, ${region}`));
}

/** IAM finds only the account's own policies and those of AWS. */
function boundaryErrors({ accountId, permissionsBoundaryArn: arn }: Values): PropertyError[] {
  const owner = groupIn(arn, BOUNDARY_ARN);
  if (!owner || owner === "aws" || typeof accountId !== "string" || owner === accountId) return [];
  return errorsAt("permissionsBoundaryArn", violation(arn, `must be in the role's account, ${accountId}`));
}

function groupIn(arn: unknown, pattern: RegExp): string | undefined {
  return typeof arn === "string" ? pattern.exec(arn)?.[1] : undefined;
}
