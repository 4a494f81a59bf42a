import { setTimeout } from "node:timers/promises";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { IAMClient } from "@aws-sdk/client-iam";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { PipesClient } from "@aws-sdk/client-pipes";
import { STSClient } from "@aws-sdk/client-sts";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { ProviderConfiguration } from "./configuration";

/** The AWS clients of the handlers. */
export interface Aws {
  /** Region of the provider's configuration. */
  region: string;
  kinesis(region: string): KinesisClient;
  cloudwatch(region: string): CloudWatchClient;
  logs(region: string): CloudWatchLogsClient;
  pipes(region: string): PipesClient;
  iam: IAMClient;
  sts: STSClient;
  /** Waits before the next poll. Rejects once the engine has canceled the operation. */
  pause(milliseconds: number): Promise<void>;
  /** Cancels every wait. */
  cancel(): void;
  close(): void;
}

export function connect(configuration: ProviderConfiguration): Aws {
  const { region, endpoints } = configuration;
  const cancellation = new AbortController();
  const requestHandler = new NodeHttpHandler();
  const common = { ...credentials(configuration), requestHandler };
  const kinesis = byRegion(
    (of) => new KinesisClient({ ...common, ...endpoint(endpoints.kinesis), region: of }),
  );
  const cloudwatch = byRegion(
    (of) => new CloudWatchClient({ ...common, ...endpoint(endpoints.cloudwatch), region: of }),
  );
  const logs = byRegion(
    (of) => new CloudWatchLogsClient({ ...common, ...endpoint(endpoints.logs), region: of }),
  );
  const pipes = byRegion((of) => new PipesClient({ ...common, ...endpoint(endpoints.pipes), region: of }));
  const iam = new IAMClient({ ...common, ...endpoint(endpoints.iam), region });
  const sts = new STSClient({ ...common, ...endpoint(endpoints.sts), region });
  return {
    region,
    kinesis,
    cloudwatch,
    logs,
    pipes,
    iam,
    sts,
    pause: (milliseconds) => setTimeout(milliseconds, undefined, { signal: cancellation.signal }),
    cancel: () => cancellation.abort(new Error("the engine has canceled the operation")),
    close: () => requestHandler.destroy(),
  };
}

/** Creates one client per region, on first use. */
function byRegion<Client>(make: (region: string) => Client): (region: string) => Client {
  const clients = new Map<string, Client>();
  return (region) => {
    const client = clients.get(region) ?? make(region);
    clients.set(region, client);
    return client;
  };
}

/** Without keys in the configuration, the SDK uses its default credential chain. */
function credentials({ accessKey, secretKey, token }: ProviderConfiguration) {
  if (accessKey === undefined || secretKey === undefined) return {};
  const sessionToken = token === undefined ? {} : { sessionToken: token };
  return { credentials: { accessKeyId: accessKey, secretAccessKey: secretKey, ...sessionToken } };
}

function endpoint(url: string | undefined) {
  return url === undefined ? {} : { endpoint: url };
}

/** Returns the result of the work, or undefined if it throws the given "not found" error. */
export async function ifFound<T>(
  notFound: abstract new (...args: never[]) => Error,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof notFound) return undefined;
    throw error;
  }
}
