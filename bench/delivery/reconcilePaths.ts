import { once } from "node:events";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { openPromise } from "yauzl";
import { kinesisClient } from "../../delivery/aws/clients";
import { startClock } from "../../delivery/common/clock";
import { streamApi } from "../../delivery/kinesis/streamApi";
import { StreamReader } from "../../delivery/kinesis/streamReader";
import { reconcileDelivery } from "../../delivery/reconcile";
import { CREDENTIALS, REGION } from "./handWritten";
import type { Bench } from "./paths";

/** Rows of the stream: the export's bytes, or with user properties as strings, as Amplitude documents. */
export type StreamedRows = "same" | "strings";

export const exportFileOf = (folder: string, events: number) => join(folder, `export-${events}.zip`);

/** The sink returns the rows of such a stream, made as they are read. */
const streamOf = ({ share, hour }: Bench, rows: StreamedRows) => `reconcile-${rows}-${share}-${hour}`;

/** Measures a whole reconciliation of an hour. */
export function reconcilePath(bench: Bench, rows: StreamedRows): () => Promise<number> {
  const { endpoint, share, hour, folder } = bench;
  return async () => {
    const at = new Date(hour).toISOString().slice(0, 13);
    const report = await reconcileDelivery({
      outputs: {
        roleArn: "arn:aws:iam::111122223333:role/bench",
        region: REGION,
        streamName: streamOf(bench, rows),
      },
      from: at,
      to: at,
      exports: [exportFileOf(folder, share)],
      credentials: CREDENTIALS,
      endpoint,
      propagationSeconds: 0,
      pollMs: 0,
      capacityShare: 1,
    });
    const { verdict, eventsDelivered, eventsDifferent } = report;
    if (verdict !== "complete" || eventsDelivered !== share || eventsDifferent > 0)
      throw new Error(`not all delivered: ${JSON.stringify(report)}`);
    return share;
  };
}

/** Measures only the reading of the stream, by the same reader. */
export function readStreamPath(bench: Bench): () => Promise<number> {
  const { endpoint, share, hour } = bench;
  return async () => {
    let records = 0;
    const clock = startClock();
    const client = kinesisClient({ endpoint, region: REGION, credentials: CREDENTIALS });
    const reader = new StreamReader({
      api: streamApi(client, streamOf(bench, "same")),
      from: new Date(hour),
      clock,
      random: Math.random,
      onRecords: (batch) => {
        records += batch.records.length;
      },
      pollMs: 0,
      bytesPerSecond: Number.POSITIVE_INFINITY,
    });
    void reader.start();
    const now = clock.now();
    await reader.waitFor(() => reader.hasReadUpTo(now), now + 600_000);
    await reader.stop();
    if (records !== share) throw new Error(`not all read: ${records} of ${share}`);
    return share;
  };
}

/** Measures only the decompression of the export, with yauzl and Node.js. */
export function unpackPath({ share, folder }: Bench): () => Promise<number> {
  return async () => {
    const zip = await openPromise(exportFileOf(folder, share));
    for await (const entry of zip.eachEntry()) {
      const unpacked = (await zip.openReadStreamPromise(entry)).pipe(createGunzip());
      await once(unpacked.resume(), "end");
    }
    return share;
  };
}
