import { AwsJson1_1Protocol } from "@aws-sdk/core/protocols";
import type { MetadataBearer, OperationSchema } from "@smithy/types";
import { readGetRecords } from "./getRecords";
import { EncodedPutRecords, readPutRecords } from "./putRecords";

type Serialize = AwsJson1_1Protocol["serializeRequest"];
type Deserialize = AwsJson1_1Protocol["deserializeResponse"];

type Read = (chunks: readonly Buffer[]) => object | undefined;

const READERS: Record<string, Read | undefined> = {
  PutRecords: (chunks) => readPutRecords(Buffer.concat(chunks)),
  GetRecords: readGetRecords,
};

/**
 * The SDK's protocol for Kinesis with its own encoding of the two large bodies. The SDK walks over them member by member by
 * its schema, which costs more than all the rest of a batch. Endpoints, headers, signatures, retries and errors stay the
 * SDK's, and so do all other inputs and outputs.
 */
export class KinesisProtocol extends AwsJson1_1Protocol {
  override async serializeRequest(...[schema, input, context]: Parameters<Serialize>): ReturnType<Serialize> {
    if (!(input instanceof EncodedPutRecords)) return super.serializeRequest(schema, input, context);
    const request = await super.serializeRequest(schema, {}, context);
    request.body = input.body;
    return request;
  }

  override async deserializeResponse<Output extends MetadataBearer>(
    ...[schema, context, response]: Parameters<Deserialize>
  ): Promise<Output> {
    const read = own(READERS, schema);
    if (read === undefined || response.statusCode >= 300) {
      return super.deserializeResponse(schema, context, response);
    }
    const chunks: Buffer[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    const output = parsed(read, chunks);
    const undecoded = output === undefined ? Buffer.concat(chunks) : new Uint8Array();
    const remaining = Object.assign(Object.create(Object.getPrototypeOf(response)), response, {
      body: undecoded,
    });
    const decoded = await super.deserializeResponse<Output>(schema, context, remaining);
    return Object.assign(decoded, output);
  }
}

function own<T>(table: Record<string, T>, { name }: OperationSchema): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Returns undefined to leave the response to the SDK, which also reports invalid JSON. */
function parsed(read: Read, chunks: readonly Buffer[]): object | undefined {
  try {
    return read(chunks);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
