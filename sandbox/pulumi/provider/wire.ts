import type { ServiceError } from "@grpc/grpc-js";
import { Metadata, status } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { HalfMadeError } from "./lifecycle";
import type { Properties } from "./properties";
import { isObject } from "./properties";

/** Source: Pulumi, sdk/go/common/resource/properties.go, `SigKey` and the signatures. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";

/** Secrets come out plain: the engine marks what was made of one itself, as this provider doesn't accept them. */
export function propertiesOf(struct: Struct | undefined): Properties {
  const plain = revealed(struct?.toJavaScript() ?? {});
  return isObject(plain) ? plain : {};
}

export function structOf(properties: Properties): Struct {
  return Struct.fromJavaScript(withoutUndefined(properties));
}

function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (!isObject(value)) return value;
  const signature = value[SIGNATURE];
  if (signature === SECRET || signature === OUTPUT) return revealed(value.value);
  if (signature === RESOURCE) return value.id;
  if (typeof signature === "string")
    throw new Error("assets and archives are not supported by the sandbox's provider");
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]));
}

function withoutUndefined(properties: Properties): Record<string, JavaScriptValue> {
  return JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>;
}

/** A refusal of the request itself, with the gRPC code that says so. */
export class RequestError extends Error {
  constructor(
    readonly code: status,
    message: string,
  ) {
    super(message);
    this.name = "RequestError";
  }
}

/** The error as the engine reads it; a half-made resource goes along, for the engine to record. */
export function serviceError(error: unknown): ServiceError {
  const details = described(error);
  const code = error instanceof RequestError ? error.code : status.UNKNOWN;
  const metadata = error instanceof HalfMadeError ? halfMade(error, details) : new Metadata();
  return Object.assign(new Error(details), { code, details, metadata });
}

/** AWS's errors carry the cause's code in their name alone. */
function described(error: unknown): string {
  const cause = error instanceof HalfMadeError ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.name === "Error" || cause instanceof RequestError
    ? cause.message
    : `${cause.name}: ${cause.message}`;
}

/** Source: Pulumi, sdk/nodejs/provider/server.ts: the engine looks for the detail under this header. */
function halfMade({ id, state }: HalfMadeError, reason: string): Metadata {
  const detail = new ErrorResourceInitFailed();
  detail.setId(id);
  detail.setProperties(structOf(state));
  detail.setReasonsList([reason]);
  const packed = new Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const whole = new Status();
  whole.setCode(status.UNKNOWN);
  whole.setMessage(reason);
  whole.addDetails(packed);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(whole.serializeBinary()));
  return metadata;
}
