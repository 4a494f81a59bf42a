import { join } from "node:path";
import { CreateStreamCommand, DeleteStreamCommand, waitUntilStreamExists } from "@aws-sdk/client-kinesis";
import {
  type DeliveryReport,
  type EventSource,
  generateEvents,
  openExport,
  type Progress,
  type SourceEvent,
  verifyDelivery,
} from "../delivery";
import { type AccessProof, kinesisClient, proveAccess } from "./accessProofs";
import type { LocalAws } from "./aws";
import { unlessAborted } from "./process/interruption";
import { provision } from "./pulumi/provisioning/engine";
import type { Provisioned } from "./pulumi/provisioning/places";

/** The tests' export: invented values in the vendor's format. */
export const SHIPPED_EXPORT = join(__dirname, "../test/delivery/events/export/fixtures/export.zip");

export interface OnboardingOptions {
  aws: LocalAws;
  folder: string;
  source: EventSource;
  /** Settings of the stack. Default: none. */
  config?: Record<string, unknown>;
  signal: AbortSignal;
  onProvisioned: (provisioned: Provisioned, seconds: number) => void;
  onProof: (proof: AccessProof) => void;
  onProgress: (progress: Progress) => void;
}

export interface Onboarding {
  provisioned: Provisioned;
  proofs: AccessProof[];
  report: DeliveryReport;
}

const STACK_NAME = "sandbox";

/**
 * Onboards a customer: provisions the stack, tests who can do what, streams events and verifies their delivery.
 *
 * @throws The signal's reason if it is aborted, or the provisioning's error. Requests to `aws` may then still be in
 * flight, but no other process is running.
 */
export async function onboard(options: OnboardingOptions): Promise<Onboarding> {
  const { aws, folder, source, signal, onProof, config = {} } = options;
  const startedAt = performance.now();
  const provisioned = await provision({ folder, aws, stackName: STACK_NAME, config, signal });
  options.onProvisioned(provisioned, (performance.now() - startedAt) / 1000);
  const { roleArn, region, streamName } = provisioned.outputs;
  const proofs = await unlessAborted(signal, () =>
    withOtherStream(aws, (otherStreamName) => proveAccess({ aws, roleArn, streamName, otherStreamName })),
  );
  proofs.forEach(onProof);
  const verification = {
    outputs: { roleArn, region, streamName },
    source,
    route: "role" as const,
    credentials: aws.principals.operator,
    senderCredentials: aws.principals.amplitude,
    endpoint: aws.endpoint,
    signal,
    onProgress: options.onProgress,
  };
  const report = await unlessAborted(signal, () => verifyDelivery(verification));
  return { provisioned, proofs, report };
}

/** Creates a second stream, which the role must not access, and deletes it after `use`. */
async function withOtherStream<T>(aws: LocalAws, use: (name: string) => Promise<T>): Promise<T> {
  const StreamName = "another-stream";
  const kinesis = kinesisClient(aws, aws.principals.operator);
  try {
    await kinesis.send(
      new CreateStreamCommand({ StreamName, StreamModeDetails: { StreamMode: "ON_DEMAND" } }),
    );
    const seconds = { maxWaitTime: 30, minDelay: 0.05, maxDelay: 0.05 };
    await waitUntilStreamExists({ client: kinesis, ...seconds }, { StreamName });
    return await use(StreamName);
  } finally {
    await kinesis.send(new DeleteStreamCommand({ StreamName }));
    kinesis.destroy();
  }
}

export interface ChosenEvents {
  /** Number of events to generate, or 0. */
  events: number;
  /** An Amplitude export to stream after them. */
  exportFile: string | undefined;
}

/** @throws SourceError if the export can't be read. */
export async function openEvents({ events, exportFile }: ChosenEvents): Promise<EventSource> {
  const sources: EventSource[] = [];
  if (events > 0) sources.push(generateEvents({ events }));
  if (exportFile !== undefined) sources.push(await openExport(exportFile));
  return new SourceSequence(sources);
}

/** Concatenates several sources. */
class SourceSequence implements EventSource {
  constructor(private readonly sources: EventSource[]) {}

  async *batches(): AsyncGenerator<readonly SourceEvent[]> {
    for (const source of this.sources) yield* source.batches();
  }

  get problems() {
    return this.sources.flatMap(({ problems }) => problems);
  }

  get problemCount() {
    return this.sources.reduce((sum, { problemCount }) => sum + problemCount, 0);
  }

  get fileProblemCount() {
    return this.sources.reduce((sum, { fileProblemCount = 0 }) => sum + fileProblemCount, 0);
  }
}
