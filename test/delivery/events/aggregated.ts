import { createHash } from "node:crypto";
import { BinaryWriter } from "google-protobuf";

/** Aggregates records as the Kinesis Producer Library does, with another library than the one that is tested. */
export function aggregated(
  records: readonly (readonly [partitionKey: string, data: string])[],
  more: (writer: BinaryWriter) => void = () => {},
): Buffer {
  const writer = new BinaryWriter();
  for (const [partitionKey] of records) writer.writeString(1, partitionKey);
  for (const [index, [, data]] of records.entries()) {
    const record = new BinaryWriter();
    record.writeUint64(1, index);
    record.writeBytes(3, Buffer.from(data));
    writer.writeBytes(3, record.getResultBuffer());
  }
  more(writer);
  const message = Buffer.from(writer.getResultBuffer());
  const digest = createHash("md5").update(message).digest();
  return Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2]), message, digest]);
}
