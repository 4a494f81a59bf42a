import { once } from "node:events";
import { AMPLITUDE_ACCOUNT_ID } from "../../components/contract";
import {
  type ClientOptions,
  cloudWatchClient,
  iamClient,
  keepAliveHandler,
  kinesisClient,
  kmsClient,
} from "../aws/clients";
import { streamArnOf } from "../common/arn";
import { systemClock } from "../common/clock";
import { bySeverity, type Finding, verdictOf } from "../common/findings";
import { resolveOutputs, type StackOutputs } from "../common/outputs";
import { type AlarmsCheck, checkAlarms } from "../deployment/alarms";
import { checkStreamKey } from "../deployment/key";
import { outputFindings } from "../deployment/outputChecks";
import { type Preflight, preflight } from "../deployment/preflight";
import { checkRolePolicies, type RolePolicies } from "../deployment/rolePolicies";
import { checkStreamPolicy } from "../deployment/streamPolicy";
import { settingFindings, streamOf } from "../deployment/streamSettings";
import { checkStreamTags, untagged } from "../deployment/tags";
import { trustBreadthFindings } from "../deployment/trustBreadth";
import type { CheckOptions } from "./options";
import type { CheckReport } from "./report";

/**
 * Compares what is deployed with what Amplitude needs, without writing anything: the stream, its key, policy, alarms and
 * tags, the role, its trust and its permissions as AWS decides them, and whether the outputs are true.
 *
 * @throws DeliveryError `settings` for outputs that can't be right, `credentials` where AWS does not accept the caller,
 * or where they are of another account than the role; the signal's reason where it is aborted. Whatever is wrong with
 * the deployment is a finding of the report.
 */
export async function checkDeployment(options: CheckOptions): Promise<CheckReport> {
  const { signal = new AbortController().signal } = options;
  signal.throwIfAborted();
  const connections = keepAliveHandler();
  const settled = new AbortController();
  const aborted = once(signal, "abort", { signal: settled.signal }).then(() => Promise.reject(signal.reason));
  aborted.catch(() => {});
  try {
    const checking = new DeploymentCheck(options, connections).run();
    checking.catch(() => {});
    return await Promise.race([checking, aborted]);
  } finally {
    settled.abort();
    connections.destroy();
  }
}

/** Beside the preflight: what each part of the deployment has shown. */
interface Parts {
  policies: RolePolicies;
  alarms: AlarmsCheck;
  findings: Finding[];
}

class DeploymentCheck {
  readonly #options: CheckOptions;
  readonly #outputs: StackOutputs;
  readonly #operator: ClientOptions;
  readonly #streamArn: string;

  constructor(options: CheckOptions, requestHandler: ClientOptions["requestHandler"]) {
    const { credentials, profile, endpoint } = options;
    this.#options = options;
    this.#outputs = resolveOutputs([{ description: "options.outputs", values: { ...options.outputs } }]);
    this.#streamArn = streamArnOf(this.#outputs);
    this.#operator = { region: this.#outputs.region, credentials, profile, endpoint, requestHandler };
  }

  async run(): Promise<CheckReport> {
    const before = await this.#preflight();
    this.#options.onStep?.("checking policies, key, alarms and tags");
    const [policies, alarms, ofStream] = await Promise.all([
      this.#policies(before),
      this.#alarms(before),
      this.#streamFindings(before),
    ]);
    return this.#report(before, { policies, alarms, findings: [...ofStream, ...this.#roleFindings(before)] });
  }

  #preflight(): Promise<Preflight> {
    const { clock = systemClock, propagationSeconds = 0, signal, onStep } = this.#options;
    return preflight({
      outputs: this.#outputs,
      // Nothing is written, and no role assumed: a trust policy is read, and permissions are AWS's to decide.
      route: "operator",
      operator: this.#operator,
      sender: this.#operator,
      amplitude: {
        accountId: this.#amplitudeAccountId,
        principalArns: this.#options.amplitudePrincipalArns,
        externalId: this.#options.amplitudeExternalId,
      },
      patience: { clock, waitMs: propagationSeconds * 1000, signal },
      onStep: (step) => onStep?.(step),
    });
  }

  async #policies({ role, stream }: Preflight): Promise<RolePolicies> {
    if (role?.description === undefined || role.findings.length > 0)
      return { names: null, arns: [], findings: [] };
    const needed = { streamArn: this.#streamArn, roleArn: this.#outputs.roleArn, kmsKeyId: stream?.kmsKeyId };
    const boundaryArn = role.description.PermissionsBoundary?.PermissionsBoundaryArn;
    return checkRolePolicies(iamClient(this.#operator), needed, boundaryArn);
  }

  async #alarms({ stream }: Preflight): Promise<AlarmsCheck> {
    if (stream === undefined) return { names: null, findings: [] };
    const client = cloudWatchClient(this.#operator);
    return checkAlarms(client, { name: this.#outputs.streamName, arn: this.#streamArn });
  }

  async #streamFindings({ stream, streamSummary }: Preflight): Promise<Finding[]> {
    if (stream === undefined || streamSummary === undefined) return [];
    const kinesis = kinesisClient(this.#operator);
    const place = { streamArn: this.#streamArn, roleArn: this.#outputs.roleArn };
    const checked = await Promise.all([
      checkStreamPolicy(kinesis, place),
      checkStreamTags(kinesis, this.#streamArn),
      stream.kmsKeyId === undefined ? [] : checkStreamKey(kmsClient(this.#operator), stream.kmsKeyId),
    ]);
    const settings = { ...streamOf(streamSummary, this.#streamArn), streamName: this.#outputs.streamName };
    return [...settingFindings(settings), ...checked.flat()];
  }

  #roleFindings({ role }: Preflight): Finding[] {
    const { trustDocument, description, findings } = role ?? { findings: [] };
    if (trustDocument === undefined || description === undefined || findings.length > 0) return [];
    const { roleArn } = this.#outputs;
    const { testPrincipalArns = [] } = this.#options;
    return [
      ...trustBreadthFindings(trustDocument, roleArn, {
        amplitudeAccountId: this.#amplitudeAccountId,
        testPrincipalArns,
      }),
      ...untagged("role", "IAM.24", description.Tags ?? [], roleArn),
    ];
  }

  #report(before: Preflight, { policies, alarms, findings: further }: Parts): CheckReport {
    const { streamSummary, role, operatorIdentity } = before;
    const outputs = { ...this.#options.outputs, ...this.#outputs };
    const attachedArns = policies.names === null ? null : policies.arns;
    const findings = bySeverity([
      ...before.findings,
      ...outputFindings(outputs, attachedArns),
      ...policies.findings,
      ...alarms.findings,
      ...further,
    ]);
    return {
      reportVersion: 1,
      verdict: verdictOf(findings, "passed"),
      ...this.#outputs,
      checkedAs: operatorIdentity.arn,
      checkedAt: new Date((this.#options.clock ?? systemClock).now()).toISOString(),
      stream: streamSummary === undefined ? null : streamOf(streamSummary, this.#streamArn),
      role:
        role?.description === undefined
          ? null
          : {
              roleArn: role.description.Arn ?? this.#outputs.roleArn,
              maxSessionSeconds: role.description.MaxSessionDuration ?? 3600,
              permissionsBoundaryArn: role.description.PermissionsBoundary?.PermissionsBoundaryArn ?? null,
              policies: policies.names,
            },
      alarms: alarms.names,
      findings,
      leavesOpen: leavesOpen(before),
    };
  }

  get #amplitudeAccountId(): string {
    return this.#options.amplitudeAccountId ?? AMPLITUDE_ACCOUNT_ID;
  }
}

function leavesOpen({ stream }: Preflight): string[] {
  return [
    "that records really arrive: `amplitude-kinesis verify` sends some and reads them back",
    ...(stream?.kmsKeyId === undefined
      ? []
      : ["what the policy of the stream's own key says: AWS's simulator leaves it out"]),
    "policies of the AWS organization that the simulator does not know, and that Amplitude is set up with these three values",
  ];
}
