import type * as pulumi from "@pulumi/pulumi";
import type { AdoptedResources } from "./args";
import { errorsAt, isMap, type PropertyError, unknownName, type Values, violation } from "./validation";

/** Properties that can stay as they are in AWS, by resource. */
const PROPERTIES = {
  stream: [
    "streamModeDetails",
    "shardCount",
    "retentionPeriod",
    "maxRecordSizeInKib",
    "shardLevelMetrics",
    "encryptionType",
    "kmsKeyId",
    "tags",
  ],
  role: ["assumeRolePolicy", "description", "maxSessionDuration", "path", "permissionsBoundary", "tags"],
  policy: ["name", "path", "description", "policy", "tags"],
};

const PATHS = Object.entries(PROPERTIES).flatMap(([resource, names]) =>
  names.map((name) => `${resource}.${name}`),
);
const NAMES = ["streamName", "roleName", "policyArn"] as const satisfies (keyof AdoptedResources)[];

/** Returns the options with which a resource is imported, and with which its properties stay as they are. */
export function adoptionOptions(
  { streamName, roleName, policyArn, ignoreChanges = [] }: AdoptedResources,
  resource: keyof typeof PROPERTIES | "attachment",
): pulumi.CustomResourceOptions {
  const attachment = policyArn === undefined ? undefined : `${roleName}/${policyArn}`;
  const id = { stream: streamName, role: roleName, policy: policyArn, attachment }[resource];
  const prefix = `${resource}.`;
  const ignored = ignoreChanges
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length));
  return { ...(id !== undefined && { import: id }), ...(ignored.length > 0 && { ignoreChanges: ignored }) };
}

/** Rejects unknown names, Outputs, names other than those of the inputs, and properties that can't be ignored. */
export function adoptionErrors({ adopt, ...values }: Values): PropertyError[] {
  if (adopt === undefined) return [];
  if (!isMap(adopt)) return errorsAt("adopt", "must be a plain map, not an Output");
  const { ignoreChanges = [], ...names } = adopt;
  const known = [...NAMES, "ignoreChanges"];
  const unknown = Object.keys(names).filter((name) => !known.includes(name));
  return [
    ...unknown.flatMap((name) => errorsAt(`adopt.${name}`, unknownName(name, "input", known))),
    ...NAMES.flatMap((name) => nameErrors(name, names[name])),
    ...(["streamName", "roleName"] as const).flatMap((name) =>
      sameNameErrors(name, names[name], values[name]),
    ),
    ...(names.policyArn !== undefined && names.roleName === undefined
      ? errorsAt("adopt.policyArn", "requires adopt.roleName, the role that the policy is attached to")
      : []),
    ...ignoreErrors(ignoreChanges),
  ];
}

function nameErrors(name: string, value: unknown): PropertyError[] {
  return value === undefined || typeof value === "string"
    ? []
    : errorsAt(`adopt.${name}`, "must be a plain string, not an Output");
}

/** Requires the same name in both inputs, because another name would replace the resource once `adopt` is removed. */
function sameNameErrors(name: string, adopted: unknown, given: unknown): PropertyError[] {
  if (adopted === undefined || given === adopted) return [];
  return errorsAt(`adopt.${name}`, violation(adopted, `must be the same as ${name}`));
}

function ignoreErrors(paths: unknown): PropertyError[] {
  if (!Array.isArray(paths)) return errorsAt("adopt.ignoreChanges", "must be a plain list of strings");
  return paths.flatMap((path, index) =>
    PATHS.includes(path)
      ? []
      : errorsAt(`adopt.ignoreChanges[${index}]`, unknownName(String(path), "property", PATHS)),
  );
}
