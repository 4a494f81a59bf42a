import { roleNameOf, streamArnOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import type { FurtherOutputs, StackOutputs } from "../common/outputs";

/**
 * Outputs that contradict each other or what is there: of two stacks, or of one that was changed by hand. Amplitude is
 * given region, stream name and role ARN, and so writes to the stream that these name.
 *
 * @param attachedArns managed policies of the role; null where they could not be listed.
 */
export function outputFindings(
  outputs: StackOutputs & FurtherOutputs,
  attachedArns: string[] | null,
): Finding[] {
  const { streamArn, roleName, policyArn } = outputs;
  const named = streamArnOf(outputs);
  const findings: Finding[] = [];
  if (streamArn !== undefined && streamArn !== named)
    findings.push(
      mismatch("streamArn", streamArn, `role ARN, region and stream name make it ${named}`, "error"),
    );
  if (roleName !== undefined && roleName !== roleNameOf(outputs.roleArn))
    findings.push(
      mismatch("roleName", roleName, `the role's ARN says ${roleNameOf(outputs.roleArn)}`, "error"),
    );
  if (policyArn !== undefined && attachedArns !== null && !attachedArns.includes(policyArn))
    findings.push(mismatch("policyArn", policyArn, "that policy is not attached to the role", "warning"));
  return findings;
}

function mismatch(output: string, value: string, why: string, severity: Finding["severity"]): Finding {
  return finding[severity](
    "output-mismatch",
    `output ${output}`,
    `The stack's output ${output} is ${value}, but ${why}`,
    "Take all outputs from one stack (`pulumi stack output --json --stack NAME`), and run `pulumi up --refresh` where they are from one already",
  );
}
