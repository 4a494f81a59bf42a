import type { PutRecordsInput } from "@aws-sdk/client-kinesis";
import { AwsJson1_1Protocol } from "@aws-sdk/core/protocols";
import type { MetadataBearer, OperationSchema } from "@smithy/types";
import { readGetRecords } from "./getRecords";
import { readPutRecords, writePutRecords } from "./putRecords";

type Serialize = AwsJson1_1Protocol["serializeRequest"];
type Deserialize = AwsJson1_1Protocol["deserializeResponse"];

type Read = (body: Buffer) => object | undefined;

const READERS: Record<string, Read | undefined> = {
  PutRecords: readPutRecords,
  GetRecords: readGetRecords,
};

/**
 * The SDK's protocol for Kinesis, but for the requests of PutRecords and the answers of PutRecords and GetRecords: to walk
 * over those member by member, as the SDK does by its schema, costs more than all else that is done to a batch. Endpoints,
 * headers, signatures, retries and errors stay the SDK's, and so does every input and answer of an uncommon form.
 */
export class KinesisProtocol extends AwsJson1_1Protocol {
  override async serializeRequest(...[schema, input, context]: Parameters<Serialize>): ReturnType<Serialize> {
    const body = schema.name === "PutRecords" ? writePutRecords(input as PutRecordsInput) : undefined;
    if (body === undefined) return super.serializeRequest(schema, input, context);
    const request = await super.serializeRequest(schema, {}, context);
    request.body = body;
    return request;
  }

  override async deserializeResponse<Output extends MetadataBearer>(
    ...[schema, context, response]: Parameters<Deserialize>
  ): Promise<Output> {
    const read = own(READERS, schema);
    if (read === undefined || response.statusCode >= 300) {
      return super.deserializeResponse(schema, context, response);
    }
    const bytes = await context.streamCollector(response.body);
    const output = parsed(read, bytes);
    const rest = output === undefined ? bytes : new Uint8Array();
    const left = Object.assign(Object.create(Object.getPrototypeOf(response)), response, { body: rest });
    const answer = await super.deserializeResponse<Output>(schema, context, left);
    return Object.assign(answer, output);
  }
}

function own<T>(table: Record<string, T>, { name }: OperationSchema): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Returns undefined to leave the response, or its error, to the SDK. */
function parsed(read: Read, { buffer, byteOffset, length }: Uint8Array): object | undefined {
  try {
    return read(Buffer.from(buffer, byteOffset, length));
  } catch {
    return undefined;
  }
}
