import type { HttpResponse } from "../../../sandbox/aws/protocol";
import type { KinesisEndpoint } from "../kinesisEndpoint";
import type { TruthLog } from "./log";
import type { FaultPlan } from "./plan";

/** The time that delays and lateness are measured in. */
export interface ProxyClock {
  /** Ms since 1970. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The one stream that the proxy stands before. */
export interface ProxiedStream {
  /** What is behind the proxy. It is asked with keys of the proxy's own, so that what is asked can be changed. */
  endpoint: KinesisEndpoint;
  streamName: string;
  /** Where a record goes that is written elsewhere: a stream of the same endpoint. */
  otherStreamName: string;
  plan: FaultPlan;
  log: TruthLog;
  clock: ProxyClock;
  /** What decisions about a record are drawn by: what of its partition key is the same in every run. */
  nameOf: (partitionKey: string) => string;
}

type Json = Record<string, unknown>;

/** @throws Error where the endpoint itself refuses: what the proxy asks for of its own accord has to work. */
export async function asked(endpoint: KinesisEndpoint, operation: string, request: object): Promise<Json> {
  const answer = await endpoint.call(operation, request);
  if (answer.status !== 200) throw new Error(`${operation} behind the proxy: ${answer.body.toString()}`);
  return bodyOf(answer);
}

/** Without its nulls: an endpoint may say in that way that there is nothing. */
export function bodyOf({ body }: HttpResponse): Json {
  const text = body.toString();
  return text === "" ? {} : JSON.parse(text, (_, value) => value ?? undefined);
}
