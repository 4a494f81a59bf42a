import { setTimeout } from "node:timers/promises";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { IAMClient } from "@aws-sdk/client-iam";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { PipesClient } from "@aws-sdk/client-pipes";
import { STSClient } from "@aws-sdk/client-sts";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { ProviderConfiguration, Service } from "./configuration";
import { type Properties, text } from "./properties";

/** Returns the client of a region, or of the region in a resource's properties. Default: the provider's. */
type Regional<Client> = (place: string | Properties) => Client;

/** The AWS clients of the handlers. */
export interface Aws {
  /** Region of the provider's configuration. */
  region: string;
  kinesis: Regional<KinesisClient>;
  cloudwatch: Regional<CloudWatchClient>;
  logs: Regional<CloudWatchLogsClient>;
  pipes: Regional<PipesClient>;
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
  const settings = (service: Service, of = region) => ({
    ...credentials(configuration),
    ...(endpoints[service] !== undefined && { endpoint: endpoints[service] }),
    requestHandler,
    region: of,
  });
  type Settings = ReturnType<typeof settings>;
  /** Creates one client per region, on first use. */
  function regional<Client>(service: Service, Type: new (settings: Settings) => Client): Regional<Client> {
    const clients = new Map<string, Client>();
    return (place) => {
      const of = typeof place === "string" ? place : (text(place, "region") ?? region);
      const client = clients.get(of) ?? new Type(settings(service, of));
      clients.set(of, client);
      return client;
    };
  }
  return {
    region,
    kinesis: regional("kinesis", KinesisClient),
    cloudwatch: regional("cloudwatch", CloudWatchClient),
    logs: regional("logs", CloudWatchLogsClient),
    pipes: regional("pipes", PipesClient),
    iam: new IAMClient(settings("iam")),
    sts: new STSClient(settings("sts")),
    pause: (milliseconds) => setTimeout(milliseconds, undefined, { signal: cancellation.signal }),
    cancel: () => cancellation.abort(new Error("the engine has canceled the operation")),
    close: () => requestHandler.destroy(),
  };
}

/** Without keys in the configuration, the SDK uses its default credential chain. */
function credentials({ accessKey, secretKey, token }: ProviderConfiguration) {
  if (accessKey === undefined || secretKey === undefined) return {};
  const sessionToken = token === undefined ? {} : { sessionToken: token };
  return { credentials: { accessKeyId: accessKey, secretAccessKey: secretKey, ...sessionToken } };
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
