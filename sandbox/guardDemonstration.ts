import { setTimeout } from "node:timers/promises";
import { PutRecordCommand } from "@aws-sdk/client-kinesis";
import { assume, kinesisClient } from "./accessProofs";
import type { LocalAws } from "./aws";
import type { StartedAlarm } from "./aws/monitoring/server";

/** Projects of the events that the sandbox streams: generated ones, those of the shipped export, and Amplitude's stand-in. */
const EXPECTED_PROJECTS = [100011471, 203138, 398211];
/** A project that the guard doesn't expect. */
const INTRUDER = 999;
const TIMEOUT_MS = 10_000;

/** Shows that the stack's guard notices an event of another Amplitude project, and prints every later alarm. */
export class GuardDemonstration {
  readonly settings = { config: { guard: { projectIds: EXPECTED_PROJECTS } } };
  #isRaised = false;
  #notify: (alarm: StartedAlarm) => void = () => {};
  readonly #first = new Promise<StartedAlarm>((resolve) => {
    this.#notify = resolve;
  });

  constructor(private readonly say: (line: string) => void) {}

  readonly onAlarm = (alarm: StartedAlarm): void => {
    this.#isRaised = true;
    this.#notify(alarm);
    this.say(`ALARM ${alarm.name}: an event of another Amplitude project arrived`);
  };

  /**
   * Writes an event as another customer of Amplitude who has learned the role's ARN. It shows nothing if the alarm has been
   * raised before, because an `--export` holds events of other projects.
   */
  async intrude(
    aws: LocalAws,
    { roleArn, streamName }: { roleArn: string; streamName: string },
  ): Promise<void> {
    if (this.#isRaised) {
      this.say(
        `the guard expects the projects ${EXPECTED_PROJECTS.join(", ")}; its alarm is already raised by other events, so no intruder is shown`,
      );
      return;
    }
    const kinesis = kinesisClient(aws, await assume(aws, aws.principals.amplitude, roleArn));
    const startedAt = performance.now();
    try {
      const Data = Buffer.from(JSON.stringify({ app: INTRUDER, event_type: "intrusion" }));
      await kinesis.send(new PutRecordCommand({ StreamName: streamName, PartitionKey: "intruder", Data }));
    } finally {
      kinesis.destroy();
    }
    const alarm = await Promise.race([this.#first, setTimeout(TIMEOUT_MS, undefined, { ref: false })]);
    const claim = "the guard notices an event of another Amplitude project";
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    this.say(alarm === undefined ? `✗ failed: ${claim}` : `✓ ${claim}, after ${seconds} s`);
  }
}
