import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { errorXml, IdentityServer } from "./identity/server";
import { type JsonService, serveJson } from "./jsonService";
import { KeyService } from "./keys";
import type { KinesisEngine } from "./kinesis/engine";
import { startKinesisEngine } from "./kinesis/engine";
import { KinesisGateway } from "./kinesis/gateway";
import { LogsService } from "./logs";
import { MonitoringService, type StartedAlarm } from "./monitoring/server";
import { PipesServer } from "./pipes/server";
import { AccessKeys, unrestrictedUser } from "./principals";
import type { HttpResponse, Protocol } from "./protocol";
import { AwsError, Refusal } from "./protocol";
import type { HttpCall } from "./signature";
import { readHttpCall, verifySignature } from "./signature";

export interface LocalPrincipal {
  arn: string;
  accountId: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** Local AWS: Kinesis, IAM, STS, KMS's keys, CloudWatch and Pipes at one endpoint, for `AWS_ENDPOINT_URL`. */
export interface LocalAws {
  endpoint: string;
  region: string;
  principals: {
    /** The customer's administrator, in the component's account. */
    operator: LocalPrincipal;
    /** Stands in for Amplitude. Its policies allow everything, so that a role's trust policy decides. */
    amplitude: LocalPrincipal;
    /** A user of a third account, whose policies allow everything. */
    stranger: LocalPrincipal;
  };
  /** The only child process. It ends whenever this process ends. */
  enginePid: number;
  /** Stops the server, its connections and the Kinesis engine. Idempotent. */
  stop(): Promise<void>;
}

export interface LocalAwsOptions {
  /** The only folder that is written to. It must exist. */
  folder: string;
  /** Value of `LocalAws.region`. Requests may be signed for any region. Default: `us-east-1`. */
  region?: string;
  /** Clock for signatures, sessions and creation dates. Default: the system's. */
  clock?: () => Date;
  /** Receives each alarm when it starts. */
  onAlarm?: (alarm: StartedAlarm) => void;
  /** Cancels the start. After it, `LocalAws.stop` ends the AWS. */
  signal?: AbortSignal;
}

const CUSTOMER_ACCOUNT_ID = "111122223333";
const STRANGER_ACCOUNT_ID = "444455556666";
/** Source: Amplitude's page "Kinesis Data Stream Event Streaming". The sandbox judges the component, so they don't share it. */
const AMPLITUDE_ACCOUNT_ID = "358203115967";

export async function startAws(options: LocalAwsOptions): Promise<LocalAws> {
  const { folder, region = "us-east-1", clock = () => new Date() } = options;
  const keys = new AccessKeys();
  const engine = await startKinesisEngine(folder, options.signal);
  const identity = new IdentityServer(keys);
  const kinesis = new KinesisGateway(engine.port);
  const monitoring = new MonitoringService(options.onAlarm);
  const logs = new LogsService((value) => monitoring.record(value));
  const pipes = new PipesServer({
    identity,
    clock,
    call: (service, call) => {
      const whole = { ...call, grants: identity.grantsOf(call.principal), now: clock() };
      return service === "kinesis" ? kinesis.handle({ ...whole, context: {} }) : serveJson(logs, whole);
    },
  });
  const jsonServices = { monitoring, kms: new KeyService(), logs };
  const services = { keys, clock, identity, kinesis, pipes, jsonServices };
  const server = createServer((incoming, outgoing) => void serve(services, incoming, outgoing));
  let stopped: Promise<void> | undefined;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region,
    enginePid: engine.pid,
    principals: {
      operator: issue(keys, CUSTOMER_ACCOUNT_ID, "operator"),
      amplitude: issue(keys, AMPLITUDE_ACCOUNT_ID, "amplitude-event-export"),
      stranger: issue(keys, STRANGER_ACCOUNT_ID, "stranger"),
    },
    stop: () => {
      pipes.stop();
      stopped ??= stop(server, engine);
      return stopped;
    },
  };
}

function issue(keys: AccessKeys, accountId: string, name: string): LocalPrincipal {
  const user = unrestrictedUser(accountId, name);
  const { accessKeyId, secretAccessKey } = keys.issue(user);
  return { arn: user.arn, accountId, accessKeyId, secretAccessKey };
}

async function stop(server: Server, engine: KinesisEngine): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await Promise.all([closed, engine.stop()]);
}

interface Services {
  keys: AccessKeys;
  clock: () => Date;
  identity: IdentityServer;
  kinesis: KinesisGateway;
  pipes: PipesServer;
  /** By the name in a signature. */
  jsonServices: Record<string, JsonService>;
}

/** Responds to every request, whatever fails. */
async function serve(services: Services, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const isRest = incoming.url !== "/";
  const protocol: Protocol = isRest || "x-amz-target" in incoming.headers ? "json" : "query";
  let response: HttpResponse;
  try {
    response = await dispatch(services, await readHttpCall(incoming));
  } catch (error) {
    if (incoming.errored || incoming.socket.destroyed) return; // The client has gone, or the server was stopped.
    response = describeError(error, protocol);
  }
  // Clients correct their clock by this header if a signature is rejected for its age.
  const headers = {
    date: services.clock().toUTCString(),
    "x-amzn-requestid": randomUUID(),
    ...response.headers,
  };
  outgoing.writeHead(response.status, headers).end(response.body);
}

async function dispatch(services: Services, call: HttpCall): Promise<HttpResponse> {
  const { keys, clock, identity, kinesis, pipes, jsonServices } = services;
  const isRest = call.path !== "/" || call.method !== "POST";
  if (isRest && !/^\/(v1\/pipes|tags)\//.test(call.path)) throw unsupported(call);
  const now = clock();
  const { key, region, service } = await verifySignature(call, keys, now);
  const { principal } = key;
  const common = { principal, region, now, body: call.body };
  const grants = identity.grantsOf(principal);
  if (service === "pipes") {
    const { method, path, query } = call;
    return pipes.handle({ ...common, grants, method, path, query });
  }
  if (isRest) throw unsupported(call);
  if (service === "iam" || service === "sts") return identity.handle({ ...common, service });
  const jsonCall = { ...common, grants, target: call.headers["x-amz-target"] ?? "" };
  if (service === "kinesis") return kinesis.handle({ ...jsonCall, context: transportContext(call.headers) });
  const jsonService = Object.hasOwn(jsonServices, service) ? jsonServices[service] : undefined;
  if (jsonService !== undefined) return serveJson(jsonService, jsonCall);
  throw new AwsError(
    "UnknownServiceException",
    `The sandbox supports kinesis, iam, sts, kms, monitoring (CloudWatch), logs and pipes, not ${service}.`,
  );
}

function unsupported({ method, path }: HttpCall): AwsError {
  const message = `The sandbox supports only POST on /, not ${method} on ${path}.`;
  return new AwsError("UnknownOperationException", message, 404);
}

function describeError(error: unknown, protocol: Protocol): HttpResponse {
  const known = error instanceof Refusal ? error.spelledFor(protocol) : error;
  if (known instanceof AwsError) return protocol === "json" ? errorJson(known) : errorXml(known);
  process.stderr.write(
    `sandbox: internal failure: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  const failure = new AwsError("InternalFailure", "The sandbox failed; its standard error says why.", 500);
  return protocol === "json" ? errorJson(failure) : errorXml(failure);
}

function errorJson({ code, message, status }: AwsError): HttpResponse {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amzn-errortype": code };
  return { status, headers, body: JSON.stringify({ __type: code, message }) };
}

/**
 * The sandbox's HTTP endpoint stands for AWS's TLS endpoints. Tests of a policy that denies requests without TLS send the
 * header `x-sandbox-transport: plain` to Kinesis, which AWS doesn't have.
 */
function transportContext(headers: Record<string, string>): Record<string, string> {
  return headers["x-sandbox-transport"] === "plain" ? { "aws:SecureTransport": "false" } : {};
}
