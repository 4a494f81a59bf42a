import { IAMClient, SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import { KinesisClient, PutRecordCommand, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { AwsCredentialIdentity } from "@smithy/types";

/** The values in Amplitude's form. */
export interface DestinationForm {
  roleArn: string;
  region: string;
  streamName: string;
}

export interface AwsAccess {
  endpoint: string;
  /** Credentials of Amplitude's account. The role decides whether they may assume it. */
  credentials: AwsCredentialIdentity;
}

export interface OutgoingRow {
  partitionKey: string;
  data: Buffer;
}

/** Whether the role has the required permissions, and otherwise the reason. */
export type PermissionCheck = { allowed: true } | { allowed: false; reason: string };

/** The error of each row at its position, or undefined if it was written. */
export type WriteResult = (string | undefined)[];

/** The customer's stream, through the customer's role: the calls that Amplitude's account makes. */
export class CustomerAccount {
  readonly #kinesis: KinesisClient;
  readonly #iam: IAMClient;

  constructor(
    readonly form: DestinationForm,
    { endpoint, credentials }: AwsAccess,
  ) {
    const { roleArn, region } = form;
    const assumed = fromTemporaryCredentials({
      params: { RoleArn: roleArn, RoleSessionName: "amplitude-event-streaming" },
      masterCredentials: credentials,
      clientConfig: { region, endpoint },
    });
    // The destination makes and counts every further attempt.
    const settings = { region, endpoint, credentials: assumed, maxAttempts: 1 };
    this.#iam = new IAMClient(settings);
    this.#kinesis = new KinesisClient({ ...settings, requestHandler: new NodeHttpHandler() });
  }

  /** Source: the policy in "Kinesis Data Stream Event Streaming", which lets the role simulate itself. One resource per call. */
  async checkPermissions(): Promise<PermissionCheck> {
    const { roleArn, region, streamName } = this.form;
    const streamArn = `arn:aws:kinesis:${region}:${roleArn.split(":")[4]}:stream/${streamName}`;
    try {
      const { EvaluationResults = [] } = await this.#iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: roleArn,
          ActionNames: ["kinesis:PutRecord", "kinesis:PutRecords"],
          ResourceArns: [streamArn],
        }),
      );
      const denied = EvaluationResults.filter(({ EvalDecision }) => EvalDecision !== "allowed");
      if (denied.length === 0) return { allowed: true };
      const actions = denied.map(({ EvalActionName, EvalDecision }) => `${EvalActionName} (${EvalDecision})`);
      return { allowed: false, reason: `the role may not ${actions.join(", ")} on ${streamArn}` };
    } catch (error) {
      return { allowed: false, reason: reasonOf(error) };
    }
  }

  /** Writes all rows by one PutRecords. */
  async putRecords(rows: OutgoingRow[]): Promise<WriteResult> {
    const Records = rows.map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data }));
    try {
      const response = await this.#kinesis.send(
        new PutRecordsCommand({ StreamName: this.form.streamName, Records }),
      );
      return rows.map((_row, position) => response.Records?.[position]?.ErrorCode);
    } catch (error) {
      return rows.map(() => reasonOf(error));
    }
  }

  /** Writes each row by one PutRecord, in order. */
  async putRecordEach(rows: OutgoingRow[]): Promise<WriteResult> {
    const result: WriteResult = [];
    for (const { partitionKey, data } of rows) {
      try {
        await this.#kinesis.send(
          new PutRecordCommand({
            StreamName: this.form.streamName,
            PartitionKey: partitionKey,
            Data: data,
          }),
        );
        result.push(undefined);
      } catch (error) {
        result.push(reasonOf(error));
      }
    }
    return result;
  }

  close(): void {
    this.#iam.destroy();
    this.#kinesis.destroy();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
