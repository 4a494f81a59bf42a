import { CUSTOMER } from "./callers";
import { KEY, type Variant } from "./contractTable";
import type { KnownAction } from "./iamData";

const OTHER_ACCOUNT = "444455556666";
const HERE = { region: "us-east-1", account: CUSTOMER };
const ELSEWHERE = [
  { region: "eu-central-1", account: CUSTOMER },
  { region: "us-east-1", account: OTHER_ACCOUNT },
];

/** Names that wildcards and typing errors would match. */
function namesLike(name: string): string[] {
  return [name, `${name}-2`, `other-${name}`, `elsewhere/${name}`, `${name.slice(0, -1)}x`, "other"];
}

/** The stream and the role that the documents are about, and the guard's log group and pipe. */
export interface Subject extends Pick<Variant, "streamArn" | "roleArn"> {
  logGroup?: string;
  pipe?: string;
}

/** Names by resource type. Users and groups have the role's name, because AWS can simulate those too. */
function namesOf(
  type: string,
  { streamArn, roleArn, logGroup = "other", pipe = "other" }: Subject,
): string[] {
  const stream = streamArn.slice(streamArn.indexOf("/") + 1);
  const role = roleArn.slice(roleArn.indexOf("/") + 1);
  const key = KEY.slice(KEY.indexOf("/") + 1);
  const names: Record<string, string[]> = {
    stream: namesLike(stream).filter((name) => !name.includes("/")),
    consumer: [stream, "other"],
    role: namesLike(role),
    user: [role, "other"],
    group: [role, "other"],
    key: [key, `${key}-2`, "other"],
    kmsKey: [key, "other"],
    "log-group": namesLike(logGroup),
    "log-stream": namesLike(logGroup),
    pipe: namesLike(pipe).filter((name) => !name.includes("/")),
  };
  return names[type] ?? ["other"];
}

/** Returns this stream, this role and this key. */
export function ownResources({ streamArn, roleArn }: Variant): string[] {
  return [streamArn, roleArn, KEY];
}

/** Returns ARNs of the types that the action accepts: here, in another region and in another account. */
export function resourcesOf(action: KnownAction, variant: Subject): string[] {
  if (action.resourceTypes.length === 0) return ["*"];
  const arns = Object.entries(action.arnPatterns).flatMap(([type, pattern]) => {
    // The evaluator decides nothing if an action accepts streams and consumers, because their ARNs look alike to it.
    if (type === "consumer" && "stream" in action.arnPatterns) return [];
    const [name = "other", ...names] = namesOf(type, variant);
    return [
      ...[name, ...names].map((each) => filled(pattern, HERE, each)),
      ...ELSEWHERE.map((place) => filled(pattern, place, name)),
    ];
  });
  return [...new Set(arns)];
}

function filled(pattern: string, { region, account }: typeof HERE, name: string): string {
  const values: Record<string, string> = {
    Partition: "aws",
    Region: region,
    Account: account,
    StreamType: "stream",
    ConsumerName: "other",
    ConsumerCreationTimpstamp: "1",
  };
  return pattern.replaceAll(/\$\{(\w+)\}/g, (_, variable: string) => values[variable] ?? name);
}

/** Returns the account that owns a resource. For `*` and AWS's resources, it is the customer's account. */
export function ownerOf(arn: string): string {
  const account = arn.split(":")[4] ?? "";
  return /^\d{12}$/.test(account) ? account : CUSTOMER;
}
