import type { HttpResponse } from "../../sandbox/aws/protocol";

/** Something that answers Kinesis's operations: their requests and answers as AWS JSON 1.1 has them. */
export interface KinesisEndpoint {
  call(operation: string, request: object): Promise<HttpResponse>;
}
