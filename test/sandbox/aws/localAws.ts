import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IAMClient } from "@aws-sdk/client-iam";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { type LocalAws, type LocalAwsOptions, startAws } from "../../../sandbox/aws";
import { atEnd } from "../../atEnd";

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface Fixture extends LocalAws {
  folder: string;
  remove(): Promise<void>;
}

export async function startInFolder(options: Omit<LocalAwsOptions, "folder"> = {}): Promise<Fixture> {
  const folder = await mkdtemp(join(process.env.TEST_RUN_FOLDER ?? tmpdir(), "sandbox-aws-"));
  const aws = await startAws({ folder, ...options });
  const remove = async () => {
    await aws.stop();
    await rm(folder, { recursive: true });
  };
  return { ...aws, folder, remove };
}

let shared: Promise<Fixture> | undefined;

/**
 * Returns the sandbox that the test files of this process use one after another. `deploy` gives streams and roles names
 * that are not used again. A test that looks at all of an account, or stops the sandbox, starts its own.
 */
export function sharedAws(): Promise<Fixture> {
  shared ??= startInFolder().then((aws) => {
    atEnd(aws.remove);
    return { ...aws, remove: async () => {} };
  });
  return shared;
}

/** Returns the SDK's clients. Each makes one attempt, so that a test sees a rejection. */
export function clientsOf({ endpoint, region }: LocalAws, credentials: Credentials, overrides: object = {}) {
  const settings = { endpoint, region, credentials, maxAttempts: 1, ...overrides };
  return {
    iam: new IAMClient(settings),
    sts: new STSClient(settings),
    kinesis: new KinesisClient({ ...settings, requestHandler: new NodeHttpHandler() }),
  };
}

export async function assume(
  aws: LocalAws,
  credentials: Credentials,
  roleArn: string,
  input: { ExternalId?: string; DurationSeconds?: number } = {},
): Promise<Required<Credentials>> {
  const { sts } = clientsOf(aws, credentials);
  const response = await sts.send(
    new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "test-session", ...input }),
  );
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = response.Credentials ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

export interface Failure {
  name: string;
  message: string;
  status: number | undefined;
}

/** Returns the error of a call, and fails if the call succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  try {
    await call;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, message, status: $metadata?.httpStatusCode };
  }
  throw new Error("The call was expected to be rejected, but succeeded.");
}

export function trustOf(principal: string | Record<string, string>, condition?: object): string {
  const statement = {
    Effect: "Allow",
    Principal: typeof principal === "string" ? { AWS: principal } : principal,
    Action: "sts:AssumeRole",
    ...(condition && { Condition: condition }),
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

export function allow(actions: string[], resources: string[]): string {
  return policy("Allow", actions, resources);
}

export function policy(effect: "Allow" | "Deny", actions: string[], resources: string[]): string {
  const statement = { Effect: effect, Action: actions, Resource: resources };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}
