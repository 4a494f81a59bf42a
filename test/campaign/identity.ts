import type { HttpResponse } from "../../sandbox/aws/protocol";
import type { HttpCall } from "../../sandbox/aws/signature";
import { trustOf } from "../sandbox/aws/localAws";

export const ACCOUNT_ID = "111122223333";
export const ROLE_ARN = `arn:aws:iam::${ACCOUNT_ID}:role/amplitude`;

/** Responds for IAM and STS as in a correct deployment, which the campaign takes for granted. */
export async function goodIdentity({ body }: HttpCall): Promise<HttpResponse> {
  const form = new URLSearchParams(body.toString());
  const action = form.get("Action") ?? "";
  const result = RESULTS[action]?.(form);
  if (result === undefined) return { status: 400, headers: {}, body: "" };
  return {
    status: 200,
    headers: { "content-type": "text/xml" },
    body: `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`,
  };
}

const RESULTS: Record<string, (form: URLSearchParams) => string> = {
  GetCallerIdentity: () =>
    `<Arn>arn:aws:iam::${ACCOUNT_ID}:user/operator</Arn><UserId>AIDA</UserId><Account>${ACCOUNT_ID}</Account>`,
  GetRole: () =>
    `<Role><RoleName>amplitude</RoleName><RoleId>AROA</RoleId><Arn>${ROLE_ARN}</Arn><Path>/</Path><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>${encodeURIComponent(trustOf("arn:aws:iam::358203115967:root"))}</AssumeRolePolicyDocument></Role>`,
  SimulatePrincipalPolicy: (form) => {
    const actions = [...form.entries()].filter(([name]) => name.startsWith("ActionNames.member."));
    const members = actions.map(
      ([, name]) =>
        `<member><EvalActionName>${name}</EvalActionName><EvalDecision>allowed</EvalDecision></member>`,
    );
    return `<EvaluationResults>${members.join("")}</EvaluationResults><IsTruncated>false</IsTruncated>`;
  },
};
