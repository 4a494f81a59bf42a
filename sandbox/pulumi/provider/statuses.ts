import type { ServiceError } from "@grpc/grpc-js";
import { Metadata, status } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { HalfMadeError } from "./lifecycle";
import { structOf } from "./values";

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
