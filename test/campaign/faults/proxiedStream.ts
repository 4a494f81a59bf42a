import type { HttpResponse } from "../../../sandbox/aws/protocol";
import type { KinesisEndpoint } from "../kinesisEndpoint";
import type { TruthLog } from "./log";
import type { FaultPlan } from "./plan";

/** Clock of delays and late writes. */
export interface ProxyClock {
  /** Epoch time in ms. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The only stream behind the proxy. */
export interface ProxiedStream {
  /** Endpoint behind the proxy. The proxy signs its calls itself, so that it can change requests. */
  endpoint: KinesisEndpoint;
  streamName: string;
  /** Another stream of the same endpoint, for records that are written elsewhere. */
  otherStreamName: string;
  plan: FaultPlan;
  log: TruthLog;
  clock: ProxyClock;
  /** Returns the part of a partition key that is the same in every run. Decisions about a record are drawn by it. */
  nameOf: (partitionKey: string) => string;
}

type Json = Record<string, unknown>;

/** @throws Error if the endpoint rejects the call, because the proxy's own calls must succeed. */
export async function asked(endpoint: KinesisEndpoint, operation: string, request: object): Promise<Json> {
  const answer = await endpoint.call(operation, request);
  if (answer.status !== 200) throw new Error(`${operation} behind the proxy: ${answer.body.toString()}`);
  return bodyOf(answer);
}

/** Returns the body without its nulls, with which an endpoint may express missing values. */
export function bodyOf({ body }: HttpResponse): Json {
  const text = body.toString();
  return text === "" ? {} : JSON.parse(text, (_, value) => value ?? undefined);
}
