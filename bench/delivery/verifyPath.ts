import { randomUUID } from "node:crypto";
import type { Credentials } from "../../delivery/aws/profile";
import { generateEvents } from "../../delivery/events/generator/generator";
import { verifyDelivery } from "../../delivery/verify";
import { REGION } from "./handWritten";
import type { Bench } from "./paths";

/** Number of verifications of this process, which is the same in both parts of a run. */
let calls = 0;

/** Measures a whole verification against the sink, which returns the records that it received. */
export function verifyPath(
  { endpoint, share, part }: Bench,
  credentials: Credentials,
): () => Promise<number> {
  return async () => {
    calls += 1;
    const report = await verifyDelivery({
      // A new stream, so that no run reads the records of another.
      outputs: {
        roleArn: "arn:aws:iam::111122223333:role/bench",
        region: REGION,
        streamName: part === undefined ? `verify-${randomUUID()}` : `verify-two-${part.stream}-${calls}`,
      },
      ...(part && { part: { index: part.index, count: part.count }, runId: "bench-parts-" }),
      route: "operator",
      source: generateEvents({ events: share }),
      credentials,
      endpoint,
      propagationSeconds: 0,
      capacityShare: 1,
    });
    if (report.eventsDelivered !== share)
      throw new Error(`not all delivered: ${report.eventsDelivered} of ${share}`);
    return share;
  };
}
