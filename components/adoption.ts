import type * as pulumi from "@pulumi/pulumi";
import type { AdoptedResources } from "./args";
import {
  errorsAt,
  errorsIf,
  isDeferred,
  isMap,
  matching,
  type PropertyError,
  plainViolation,
  unknownName,
  type Values,
  violation,
} from "./validation";

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
/** Pulumi deletes an adopted policy with the stack, so AWS's own policies can't be adopted. */
const POLICY_FORMAT = matching(
  /^arn:aws:iam::\d{12}:policy\/[\w+=,.@/-]{0,512}[\w+=,.@-]{1,128}$/,
  "the ARN of a customer-managed policy (arn:aws:iam::ACCOUNT:policy/NAME)",
);
const NAMES = ["streamName", "roleName", "policyArn"] as const satisfies (keyof AdoptedResources)[];

/** Returns the options with which a resource is imported, and with which its properties stay as they are. */
export function adoptionOptions(
  adopt: AdoptedResources = {},
  resource: keyof typeof PROPERTIES | "attachment",
): pulumi.CustomResourceOptions {
  const { streamName, roleName, policyArn, ignoreChanges = [] } = adopt;
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
  if (!isMap(adopt)) return errorsAt("adopt", plainViolation(adopt, "map"));
  const { ignoreChanges = [], ...names } = adopt;
  const { policyArn, roleName } = names;
  const known = [...NAMES, "ignoreChanges"];
  const unknown = Object.keys(names).filter((name) => !known.includes(name));
  return [
    ...unknown.flatMap((name) => errorsAt(`adopt.${name}`, unknownName(name, "input", known))),
    ...NAMES.flatMap((name) => nameErrors(name, names[name], values)),
    ...errorsIf(
      policyArn !== undefined && roleName === undefined,
      "adopt.policyArn",
      "requires adopt.roleName, the role that the policy is attached to",
    ),
    ...ignoreErrors(ignoreChanges),
  ];
}

/** Requires the same name in both inputs, because another name would replace the resource once `adopt` is removed. */
function nameErrors(name: (typeof NAMES)[number], value: unknown, inputs: Values): PropertyError[] {
  const path = `adopt.${name}`;
  if (value === undefined) return [];
  if (typeof value !== "string") return errorsAt(path, plainViolation(value, "string"));
  if (name === "policyArn") return errorsAt(path, POLICY_FORMAT(value));
  if (isDeferred(inputs[name])) return errorsAt(name, "must be a plain string, not an Output, with adopt");
  return inputs[name] === value ? [] : errorsAt(path, violation(value, `must be the same as ${name}`));
}

function ignoreErrors(paths: unknown): PropertyError[] {
  if (!Array.isArray(paths)) return errorsAt("adopt.ignoreChanges", plainViolation(paths, "list of strings"));
  return Array.from(paths).flatMap((path, index) => {
    const where = `adopt.ignoreChanges[${index}]`;
    if (typeof path !== "string") return errorsAt(where, plainViolation(path, "string"));
    return PATHS.includes(path) ? [] : errorsAt(where, unknownName(path, "property", PATHS));
  });
}
