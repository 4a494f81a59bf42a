import { GetRoleCommand, type IAMClient, type Role } from "@aws-sdk/client-iam";
import { credentialsProblem } from "../aws/credentials";
import { describeError, isCredentialsError } from "../aws/errors";
import { type Patience, tryPatiently } from "../aws/waitUntil";
import { roleNameOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { decideTrust, letsAnyoneIn, type TrustedCaller } from "./trust";

/** The role as the operator can see it. Without a document its trust policy could not be read. */
export interface RoleState {
  trustDocument?: string;
  /** Why there is no document. */
  problem?: string;
  /** As IAM describes it, where it could be read. */
  description?: Role;
  findings: Finding[];
}

/** Reads the role with the operator's credentials, and waits for one that IAM may not know yet. */
export function readRole(client: IAMClient, roleArn: string, patience: Patience): Promise<RoleState> {
  return tryPatiently(
    () => readOnce(client, roleArn),
    ({ findings }) => findings.length === 0,
    patience,
  );
}

async function readOnce(client: IAMClient, roleArn: string): Promise<RoleState> {
  try {
    const { Role } = await client.send(new GetRoleCommand({ RoleName: roleNameOf(roleArn) }));
    // Source: AWS, IAM API Reference, GetRole: the document is URL-encoded (RFC 3986).
    const document = decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "");
    const findings = Role?.Arn === roleArn ? [] : [otherArn(roleArn, Role?.Arn)];
    return { trustDocument: document, findings, ...(Role === undefined ? {} : { description: Role }) };
  } catch (error) {
    if (isCredentialsError(error)) throw credentialsProblem(error);
    if (error instanceof Error && error.name === "NoSuchEntityException")
      return { findings: [notFound(roleArn)] };
    return { problem: describeError(error), findings: [] };
  }
}

/** The name alone can match where the ARN does not: Amplitude is given the ARN. */
function otherArn(roleArn: string, actual: string | undefined): Finding {
  return finding.error(
    "role-not-found",
    roleArn,
    `The role's ARN is ${actual}, not the one given: Amplitude could not assume it`,
    "Give Amplitude, and this command, the ARN that `pulumi stack output roleArn` prints",
  );
}

function notFound(roleArn: string): Finding {
  return finding.error(
    "role-not-found",
    roleArn,
    "There is no such role: Amplitude could not assume it",
    "Compare the ARN with `pulumi stack output roleArn`, and run `pulumi up --refresh` if the role is gone",
  );
}

function anyoneTrusted(roleArn: string): Finding {
  return finding.warning(
    "anyone-trusted",
    roleArn,
    "The trust policy lets every AWS account assume the role: whoever learns its ARN can write to the stream",
    "Run `pulumi up --refresh` to restore the trust policy, which names Amplitude's account alone",
  );
}

/** What the trust policy means for Amplitude. */
export function checkTrust(document: string, roleArn: string, amplitude: TrustedCaller): Finding[] {
  const decision = decideTrust(document, amplitude);
  if (decision.kind === "trusted") return letsAnyoneIn(document) ? [anyoneTrusted(roleArn)] : [];
  if (decision.kind === "undetermined") {
    return [
      finding.undetermined(
        "trust-undetermined",
        roleArn,
        `Whether Amplitude may assume the role can't be told from outside: ${decision.reason}`,
        "Ask Amplitude which principal it uses, or trust its account's root as its documentation has it",
      ),
    ];
  }
  return [
    finding.error(
      "amplitude-not-trusted",
      roleArn,
      `Amplitude (account ${amplitude.accountId}) can't assume the role: ${decision.reason}`,
      "Run `pulumi up --refresh` to restore the trust policy; amplitudeAccountId, amplitudePrincipalArns and externalId change it on purpose",
    ),
  ];
}
