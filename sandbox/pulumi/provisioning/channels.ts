import { runtime } from "@pulumi/pulumi";

/**
 * Gives each gRPC client of Pulumi's Node runtime connections of its own, from now on and in this process.
 *
 * For an inline program the runtime leaves its clients of the engine open when an update has ended, and gRPC shares
 * connections by address. Where a later update's engine is given a port that an earlier one had, its client would get
 * the dead connection and fail at once, with UNAVAILABLE, which the runtime takes for an engine that is ending: the
 * update fails, or succeeds with nothing registered.
 */
export function keepChannelsApart(): void {
  Object.assign(clientOptions(), { "grpc.use_local_subchannel_pool": 1 });
}

/** The options are exported and left out of Pulumi's types. */
function clientOptions(): object {
  const { grpcClientOptions } = runtime as { grpcClientOptions?: object };
  if (grpcClientOptions === undefined)
    throw new Error("Pulumi's runtime has other gRPC options than is known");
  return grpcClientOptions;
}
