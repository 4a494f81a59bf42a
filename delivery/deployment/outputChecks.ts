import { roleNameOf, streamArnOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import type { FurtherOutputs, StackOutputs } from "../common/outputs";

/**
 * Finds outputs that contradict each other or the deployment: they come from two stacks, or a resource was changed by
 * hand. Amplitude writes to the stream that region, stream name and role ARN name.
 *
 * @param attachedArns managed policies of the role; null if they could not be listed.
 */
export function checkOutputs(
  outputs: StackOutputs & FurtherOutputs,
  attachedArns: string[] | null,
): Finding[] {
  const { roleArn, streamArn, roleName, policyArn } = outputs;
  const findings: Finding[] = [];
  if (streamArn !== undefined && streamArn !== streamArnOf(outputs))
    findings.push(
      mismatch(
        "error",
        "streamArn",
        streamArn,
        `role ARN, region and stream name make it ${streamArnOf(outputs)}`,
      ),
    );
  if (roleName !== undefined && roleName !== roleNameOf(roleArn))
    findings.push(mismatch("error", "roleName", roleName, `the role's ARN contains ${roleNameOf(roleArn)}`));
  if (policyArn !== undefined && attachedArns !== null && !attachedArns.includes(policyArn))
    findings.push(mismatch("warning", "policyArn", policyArn, "that policy is not attached to the role"));
  return findings;
}

function mismatch(severity: "error" | "warning", output: string, value: string, why: string): Finding {
  return finding[severity](
    "output-mismatch",
    `output ${output}`,
    `The stack's output ${output} is ${value}, but ${why}`,
    "Take all outputs from one stack (`pulumi stack output --json --stack NAME`). If they are, run `pulumi up --refresh`",
  );
}
