import type { HttpResponse } from "../../sandbox/aws/protocol";

/** An endpoint for Kinesis's operations, with requests and responses in AWS JSON 1.1. */
export interface KinesisEndpoint {
  call(operation: string, request: object): Promise<HttpResponse>;
}
