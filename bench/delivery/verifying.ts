import { randomUUID } from "node:crypto";
import type { Credentials } from "../../delivery/aws/clients";
import { generateEvents } from "../../delivery/events/generator/generator";
import { verifyDelivery } from "../../delivery/verify";
import { REGION } from "./byHand";
import type { Bench } from "./paths";

/** A whole run against the sink, which gives back what it was sent. */
export function verifying({ endpoint, share }: Bench, credentials: Credentials): () => Promise<number> {
  return async () => {
    const report = await verifyDelivery({
      // A new stream, so that no run reads what another one wrote.
      outputs: {
        roleArn: "arn:aws:iam::111122223333:role/bench",
        region: REGION,
        streamName: `verify-${randomUUID()}`,
      },
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
