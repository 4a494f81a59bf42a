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

/** Unwraps secrets. The engine marks their outputs itself, because this provider doesn't accept secrets. */
export function propertiesOf(struct: Struct | undefined): Properties {
  const plain = unwrapSecrets(struct?.toJavaScript() ?? {});
  return isObject(plain) ? plain : {};
}

export function structOf(properties: Properties): Struct {
  return Struct.fromJavaScript(withoutUndefined(properties));
}

function unwrapSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapSecrets);
  if (!isObject(value)) return value;
  const signature = value[SIGNATURE];
  if (signature === SECRET || signature === OUTPUT) return unwrapSecrets(value.value);
  if (signature === RESOURCE) return value.id;
  if (typeof signature === "string")
    throw new Error("assets and archives are not supported by the sandbox's provider");
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapSecrets(inner)]));
}

function withoutUndefined(properties: Properties): Record<string, JavaScriptValue> {
  return JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>;
}

/** A rejected request, with its gRPC status. */
export class RequestError extends Error {
  constructor(
    readonly code: status,
    message: string,
  ) {
    super(message);
    this.name = "RequestError";
  }
}

/** Converts an error for the engine, together with a partially created resource for it to record. */
export function serviceError(error: unknown): ServiceError {
  const details = describe(error);
  const code = error instanceof RequestError ? error.code : status.UNKNOWN;
  const metadata = error instanceof HalfMadeError ? halfMade(error, details) : new Metadata();
  return Object.assign(new Error(details), { code, details, metadata });
}

/** Includes the name of an AWS error, which is its code. */
function describe(error: unknown): string {
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
