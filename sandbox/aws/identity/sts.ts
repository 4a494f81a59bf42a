import { accessDenied, authorizeAssumeRole } from "../enforcement";
import type { Principal, RoleSession } from "../principals";
import { AwsError } from "../protocol";
import { type Call, type Operations, parsePolicy, type Result, type Role } from "./operation";
import { invalid } from "./validation";

const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 900;
const MAX_SECONDS = 43200;
/** When a role's session assumes a role (role chaining). Source: AssumeRole in the STS API reference. */
const MAX_CHAINED_SECONDS = 3600;

/** Any caller may get its identity. Assuming a role requires permission from both sides. */
export const stsOperations: Operations = {
  GetCallerIdentity: {
    run: ({ principal: { userId, accountId, arn } }) => ({ UserId: userId, Account: accountId, Arn: arn }),
  },
  AssumeRole: { run: assumeRole },
};

const ROLE_ARN =
  /^arn:aws:iam::\d{12}:role\/([\u0021-\u0029\u002b-\u003e\u0040-\u007e]+\/)?[\w+=,.@-]{1,64}$/;

async function assumeRole(call: Call): Promise<Result> {
  const { parameters, accounts, keys, now } = call;
  parameters.refuse("Policy", "PolicyArns", "Tags", "TransitiveTagKeys", "SourceIdentity", "SerialNumber");
  const roleArn = parameters.required("RoleArn");
  if (!ROLE_ARN.test(roleArn)) throw invalid("RoleArn", `${roleArn} is not the ARN of a role`);
  const sessionName = readSessionName(call);
  const requestedSeconds = readDuration(call);
  const externalId = readExternalId(call);
  const role = accounts.roleByArn(roleArn);
  const context = { "sts:RoleSessionName": sessionName, ...(externalId && { "sts:ExternalId": externalId }) };
  const access = { ...call, action: "sts:AssumeRole", resource: roleArn, context };
  // The same message as for a role that does not trust the caller, because AWS does not reveal which roles exist.
  if (role === undefined) throw accessDenied(access, "");
  await authorizeAssumeRole(access, parsePolicy(role.trustPolicy));
  checkDuration(role, call.principal, requestedSeconds);
  const expiration = new Date(now.getTime() + requestedSeconds * 1000);
  const session = sessionOf(role, sessionName);
  const key = keys.issueTemporary(session, expiration);
  return {
    Credentials: {
      AccessKeyId: key.accessKeyId,
      SecretAccessKey: key.secretAccessKey,
      SessionToken: key.temporary.sessionToken,
      Expiration: expiration,
    },
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
  };
}

export function sessionOf(role: Role, sessionName: string): RoleSession {
  const accountId = role.arn.split(":")[4] ?? "";
  return {
    kind: "AssumedRole",
    arn: `arn:aws:sts::${accountId}:assumed-role/${role.name}/${sessionName}`,
    accountId,
    userId: `${role.id}:${sessionName}`,
    roleArn: role.arn,
    roleId: role.id,
  };
}

function readSessionName({ parameters }: Call): string {
  const name = parameters.required("RoleSessionName");
  if (/^[\w+=,.@-]{2,64}$/.test(name)) return name;
  throw invalid("RoleSessionName", "Member must have 2 to 64 characters of [\\w+=,.@-]");
}

function readExternalId({ parameters }: Call): string | undefined {
  const externalId = parameters.optional("ExternalId");
  if (externalId === undefined || /^[\w+=,.@:/-]{2,1224}$/.test(externalId)) return externalId;
  throw invalid("ExternalId", "Member must have 2 to 1224 characters of [\\w+=,.@:\\/-]");
}

function readDuration({ parameters }: Call): number {
  const seconds = parameters.integer("DurationSeconds") ?? DEFAULT_SECONDS;
  if (seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return seconds;
  throw invalid("DurationSeconds", `Member must be between ${MIN_SECONDS} and ${MAX_SECONDS}`);
}

function checkDuration(role: Role, principal: Principal, seconds: number): void {
  if (principal.kind === "AssumedRole" && seconds > MAX_CHAINED_SECONDS) {
    throw new AwsError(
      "ValidationError",
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
  }
  if (seconds > role.maxSessionDuration) {
    throw new AwsError(
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  }
}
