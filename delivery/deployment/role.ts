import { GetRoleCommand, type IAMClient, type Role } from "@aws-sdk/client-iam";
import { pollUntil, type WaitOptions } from "../aws/waitUntil";
import { roleNameOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { inspect, isNamed } from "./inspection";

/** The role as the operator sees it. */
export interface RoleState {
  /** Trust policy. Absent if it could not be read. */
  trustDocument?: string;
  /** Why there is no document, if the role exists. */
  error?: unknown;
  /** Response of IAM. Absent if the role could not be read. */
  description?: Role;
  findings: Finding[];
}

/** Reads the role with the operator's credentials, and waits for a new one to propagate. */
export function readRole(client: IAMClient, roleArn: string, wait: WaitOptions): Promise<RoleState> {
  return pollUntil(
    () => readOnce(client, roleArn),
    ({ findings }) => findings.length === 0,
    wait,
  );
}

function readOnce(client: IAMClient, roleArn: string): Promise<RoleState> {
  return inspect<RoleState>(
    async () => {
      const { Role } = await client.send(new GetRoleCommand({ RoleName: roleNameOf(roleArn) }));
      if (Role?.Arn === undefined) throw new Error("the response to GetRole has no role");
      // Source: AWS, IAM API Reference, GetRole: the document is URL-encoded (RFC 3986).
      const trustDocument = decodeURIComponent(Role.AssumeRolePolicyDocument ?? "");
      const findings = Role.Arn === roleArn ? [] : [otherArn(roleArn, Role.Arn)];
      return { trustDocument, findings, description: Role };
    },
    (error) =>
      isNamed(error, "NoSuchEntityException") ? { findings: [notFound(roleArn)] } : { findings: [], error },
  );
}

/** The name can match although the ARN doesn't, and Amplitude uses the ARN. */
function otherArn(roleArn: string, actual: string): Finding {
  return finding.error(
    "role-not-found",
    roleArn,
    `The role's ARN is ${actual}, not the given one, so Amplitude can't assume it`,
    "Give Amplitude, and this command, the ARN that `pulumi stack output roleArn` prints",
  );
}

function notFound(roleArn: string): Finding {
  return finding.error(
    "role-not-found",
    roleArn,
    "There is no such role, so Amplitude can't assume it",
    "Compare the ARN with `pulumi stack output roleArn`. If the role is gone, run `pulumi up --refresh`, and enter the new role's ARN in Amplitude's form",
  );
}
