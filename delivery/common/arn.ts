/** Parts of an ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`. */
export interface Arn {
  /** Such as `aws`. */
  partition: string;
  /** Such as `kinesis`. */
  service: string;
  /** Empty for a global service, such as IAM. */
  region: string;
  /** Empty for a resource without an account, such as a bucket. */
  accountId: string;
  /** May contain colons. */
  resource: string;
}

/** Returns the ARN's parts, or undefined for text with fewer than six. */
export function parseArn(arn: string): Arn | undefined {
  const [prefix, partition = "", service = "", region = "", accountId = "", ...resource] = arn.split(":");
  if (prefix === undefined || resource.length === 0) return undefined;
  return { partition, service, region, accountId, resource: resource.join(":") };
}

/** Returns the account in an ARN, or empty text if it has none. */
export function accountOf(arn: string): string {
  return parseArn(arn)?.accountId ?? "";
}

/** Returns the region in an ARN, or empty text if it has none. */
export function regionOf(arn: string): string {
  return parseArn(arn)?.region ?? "";
}

/** Returns the role's name, without its path. */
export function roleNameOf(roleArn: string): string {
  return roleArn.slice(roleArn.lastIndexOf("/") + 1);
}

/** Builds the ARN of the stream with this name in the role's account: Amplitude's form takes no ARN of a stream. */
export function streamArnOf(outputs: { roleArn: string; region: string; streamName: string }): string {
  const { roleArn, region, streamName } = outputs;
  return `arn:aws:kinesis:${region}:${accountOf(roleArn)}:stream/${streamName}`;
}
