import type { StreamDescriptionSummary } from "@aws-sdk/client-kinesis";
import { DescribeStreamSummaryCommand, ResourceNotFoundException } from "@aws-sdk/client-kinesis";
import type { Aws } from "./clients";

export interface StreamPlace {
  region: string;
  name: string;
}

export async function findStream(
  aws: Aws,
  { region, name }: StreamPlace,
): Promise<StreamDescriptionSummary | undefined> {
  try {
    const answer = await aws.kinesis(region).send(new DescribeStreamSummaryCommand({ StreamName: name }));
    return answer.StreamDescriptionSummary;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** Asked for at once, then less and less often. The real provider waits five minutes for a new stream. */
const PAUSES = { first: 25, longest: 2_000, total: 5 * 60_000 };

/** @throws Error where the stream is gone, or is still not ACTIVE after five minutes. */
export async function activeStream(aws: Aws, place: StreamPlace): Promise<void> {
  await until(aws, `Kinesis stream ${place.name} to be ACTIVE`, async () => {
    const summary = await findStream(aws, place);
    if (summary === undefined) throw new Error(`Kinesis stream ${place.name} is gone`);
    return summary.StreamStatus === "ACTIVE";
  });
}

export async function goneStream(aws: Aws, place: StreamPlace): Promise<void> {
  await until(aws, `Kinesis stream ${place.name} to be gone`, async () => {
    return (await findStream(aws, place)) === undefined;
  });
}

async function until(aws: Aws, what: string, isSo: () => Promise<boolean>): Promise<void> {
  let waited = 0;
  for (let pause = PAUSES.first; !(await isSo()); pause = Math.min(pause * 2, PAUSES.longest)) {
    if (waited >= PAUSES.total) throw new Error(`waited ${PAUSES.total / 1000} s in vain for ${what}`);
    await aws.pause(pause);
    waited += pause;
  }
}
